//! Which types hold a share or a key, and which of them could be printed or serialised. Read by syn, so that it sees
//! what the compiler sees; what a macro makes of a type it does not see.

use std::{collections::BTreeSet, fs};

use anyhow::{Context as _, Result, ensure};
use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Ident, ItemEnum, ItemImpl, ItemStruct, ItemType, Meta, Path, Type,
    visit::{self, Visit},
};

use super::{report, rust_files, shown};

/// Folders whose types may hold shares or keys, each after those that it uses.
const SECRETIVE: [&str; 9] = [
    "crates/messages",
    "crates/provenance",
    "crates/ring",
    "crates/mpc",
    "crates/artist",
    "crates/learning",
    "crates/collective",
    "crates/visitor",
    "crates/p2p",
];
/// Types that hold shares or keys themselves; whatever has a field of such a type holds them too.
const SECRETS: [&str; 4] = ["RingTensor", "Sharing", "Keys", "UpdateShare"];
/// Types of libraries that stand for a secret wherever they are used: bytes worth wiping, and keys.
const FOREIGN_SECRETS: [&str; 3] = ["Zeroizing", "SigningKey", "Keypair"];
/// Holds a secret, and its own `Debug`, which a test of it looks at, prints the length only: what has a field of it may
/// derive.
const VEILED: [&str; 1] = ["Payload"];
/// What makes a type printable.
const PRINTING: [&str; 2] = ["Debug", "Serialize"];

/// No type that holds a share or a key can be printed or serialised.
pub(super) fn check() -> Result<()> {
    let mut folders = Vec::new();
    for folder in SECRETIVE {
        let read = |path: std::path::PathBuf| {
            let name = shown(&path);
            let found = Found::in_text(&fs::read_to_string(path)?).with_context(|| name.clone())?;
            Ok((name, found))
        };
        folders.push(rust_files(&[folder])?.into_iter().map(read).collect::<Result<Vec<_>>>()?);
    }
    for name in SECRETS.iter().chain(&VEILED) {
        let mut types = folders.iter().flatten().flat_map(|(_, found)| &found.types);
        ensure!(types.any(|found| found.name == *name), "the type {name} is gone: name its successor here");
    }
    report(&printable(&folders), "a share or key must not be printable")
}

/// The types that hold a secret and can be printed or serialised, in folders with files of these names.
fn printable(folders: &[Vec<(String, Found)>]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut secret: BTreeSet<String> =
        SECRETS.into_iter().chain(FOREIGN_SECRETS).map(str::to_owned).collect();
    for files in folders {
        let types: Vec<(&str, &TypeFound)> = files
            .iter()
            .flat_map(|(file, found)| found.types.iter().map(move |found| (file.as_str(), found)))
            .filter(|(_, found)| !VEILED.contains(&found.name.as_str()))
            .collect();
        // A name is the folder's own type, where it has one, and not that of a folder before.
        let mut here: BTreeSet<&str> = secret.iter().map(String::as_str).collect();
        here.retain(|name| SECRETS.contains(name) || !types.iter().any(|(_, found)| found.name == *name));
        // Whatever holds a secret type is one; repeated until no more are found.
        loop {
            let holds = |found: &TypeFound| found.parts.iter().any(|part| here.contains(part.as_str()));
            let new =
                types.iter().map(|(_, found)| found).filter(|found| !here.contains(found.name.as_str()));
            let more: Vec<&str> = new.filter(|found| holds(found)).map(|found| found.name.as_str()).collect();
            if more.is_empty() {
                break;
            }
            here.extend(more);
        }
        for (file, TypeFound { name, attributes, .. }) in types {
            if !here.contains(name.as_str()) {
                continue;
            }
            for printing in PRINTING {
                let by_hand = (printing.to_owned(), name.clone());
                let written = files.iter().any(|(_, found)| found.impls.contains(&by_hand));
                if written || attributes.contains(printing) {
                    faults.push(format!("{file}: {name} holds a share or key and has {printing}"));
                }
            }
        }
        let here: Vec<String> = here.into_iter().map(str::to_owned).collect();
        secret.extend(here);
    }
    faults
}

/// What a file says of its types.
#[derive(Default)]
struct Found {
    types: Vec<TypeFound>,
    /// Traits that are implemented by hand, each with the type.
    impls: BTreeSet<(String, String)>,
}

/// A struct, an enum or another name for a type.
#[derive(Default)]
struct TypeFound {
    name: String,
    /// Every word of its attributes, what it derives among them.
    attributes: BTreeSet<String>,
    /// Every name in the types of its fields and parameters.
    parts: BTreeSet<String>,
}

impl Found {
    fn in_text(text: &str) -> syn::Result<Self> {
        let mut found = Self::default();
        found.visit_file(&syn::parse_file(text)?);
        Ok(found)
    }

    fn add(&mut self, name: &Ident, attributes: &[Attribute], parts: impl FnOnce(&mut TypeFound)) {
        let mut found = TypeFound { name: name.to_string(), ..TypeFound::default() };
        for attribute in attributes {
            if let Meta::List(list) = &attribute.meta {
                words(&list.tokens, &mut found.attributes);
            }
        }
        parts(&mut found);
        self.types.push(found);
    }
}

fn words(tokens: &TokenStream, into: &mut BTreeSet<String>) {
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(word) => _ = into.insert(word.to_string()),
            TokenTree::Group(group) => words(&group.stream(), into),
            _ => {}
        }
    }
}

impl Visit<'_> for Found {
    fn visit_item_struct(&mut self, item: &ItemStruct) {
        self.add(&item.ident, &item.attrs, |found| {
            found.visit_generics(&item.generics);
            found.visit_fields(&item.fields);
        });
    }

    fn visit_item_enum(&mut self, item: &ItemEnum) {
        self.add(&item.ident, &item.attrs, |found| {
            found.visit_generics(&item.generics);
            item.variants.iter().for_each(|variant| found.visit_fields(&variant.fields));
        });
    }

    fn visit_item_type(&mut self, item: &ItemType) {
        self.add(&item.ident, &item.attrs, |found| found.visit_type(&item.ty));
    }

    fn visit_item_impl(&mut self, item: &ItemImpl) {
        if let (Some((_, of, _)), Type::Path(of_type)) = (&item.trait_, &*item.self_ty)
            && let (Some(of), Some(of_type)) = (of.segments.last(), of_type.path.segments.last())
        {
            self.impls.insert((of.ident.to_string(), of_type.ident.to_string()));
        }
        visit::visit_item_impl(self, item);
    }
}

impl Visit<'_> for TypeFound {
    fn visit_path(&mut self, path: &Path) {
        self.parts.extend(path.segments.iter().map(|segment| segment.ident.to_string()));
        visit::visit_path(self, path);
    }

    // What an attribute of a field names is no part of the type.
    fn visit_attribute(&mut self, _: &Attribute) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_with_their_attributes_and_fields() {
        let text = "
            /// A share.
            #[derive(Clone, Debug)]
            #[must_use]
            pub(crate) struct Layer<S> {
                /// Weights; not a Key.
                #[serde(with = \"x\", default = \"Keys::new\")]
                pub weights: S,
            }

            struct Pair(Sharing, u8);
            #[cfg_attr(test, derive(Debug))] pub enum Either {
                #[error(\"no Sharing\")]
                Keys { size: u8 },
                One(Vec<[RingTensor; 2]>),
            }
            mod inner { fn f() { type Alias = (u8, Box<dyn Fn(Pair)>); } }
            impl<S> std::fmt::Debug for inner::Layer<S> { fn fmt(&self) {} }
        ";
        let found = Found::in_text(text).unwrap();
        let names: Vec<&str> = found.types.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["Layer", "Pair", "Either", "Alias"]);
        let has = |words: &BTreeSet<String>, word: &str| words.contains(word);
        let [layer, pair, either, alias] = &found.types[..] else { panic!("four") };
        assert!(has(&layer.attributes, "Debug") && has(&layer.parts, "S") && !has(&layer.parts, "Keys"));
        assert!(has(&pair.parts, "Sharing") && pair.attributes.is_empty());
        assert!(has(&either.parts, "RingTensor") && has(&either.attributes, "Debug"));
        assert!(!has(&either.parts, "Sharing") && !has(&either.parts, "Keys"));
        assert!(has(&alias.parts, "Pair"));
        assert!(found.impls.contains(&("Debug".into(), "Layer".into())));
    }

    fn faults<const N: usize>(folders: [&str; N]) -> Vec<String> {
        let read = |text: &str| vec![("a.rs".into(), Found::in_text(text).unwrap())];
        printable(&folders.map(read))
    }

    #[test]
    fn what_holds_a_secret_in_any_depth_must_not_be_printable() {
        let text = "\
type Seed = Zeroizing<[u8; 32]>;

pub struct Dice {
    key: Seed,
}

#[derive(Debug, Clone)]
pub enum Work {
    Learn { updates: Vec<Zeroizing<Vec<u8>>> },
    End,
}

#[derive(Debug)]
pub(crate) struct Table {
    dice: Box<Dice>,
}

impl Serialize for Dice {}
";
        assert_eq!(
            faults([text]),
            [
                "a.rs: Dice holds a share or key and has Serialize",
                "a.rs: Work holds a share or key and has Debug",
                "a.rs: Table holds a share or key and has Debug",
            ]
        );
    }

    #[test]
    fn what_holds_a_veiled_secret_or_none_may_be_printed() {
        let text = "\
pub struct Payload(Zeroizing<Vec<u8>>);

impl fmt::Debug for Payload {}

#[derive(Debug, Serialize)]
pub enum Command {
    Send { message: Payload },
}
";
        assert!(faults([text]).is_empty());
    }

    #[test]
    fn a_name_is_the_folders_own_type_or_one_of_a_folder_before() {
        let holds = "pub struct Step {\n    key: Keys,\n}\n";
        let prints = "#[derive(Debug)]\nstruct Plan {\n    step: Step,\n}\n";
        let other = "#[derive(Debug)]\nstruct Step {\n    number: u8,\n}\n";
        assert_eq!(faults([holds, prints]).len(), 1);
        assert!(faults([prints, holds]).is_empty());
        assert!(faults([holds, other]).is_empty());
    }

    #[test]
    fn no_type_of_this_repository_that_holds_a_secret_is_printable() {
        check().unwrap();
    }
}
