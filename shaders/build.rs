//! Validates every `shader/<kernel>.wgsl` and writes its host module: what a dispatch needs to know, read from the
//! shader itself, and its parameters as a structure whose layout is asserted at compile time.
//!
//! A shader must have one entry point of its own name, one bind group, an optional `Params` uniform, and a CPU mirror.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use naga::{AddressSpace, Module, ScalarKind, StorageAccess, TypeInner, VectorSize};

fn main() {
    if let Err(error) = generate() {
        println!("cargo::error={error}");
        std::process::exit(1);
    }
}

fn generate() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=shader");
    println!("cargo::rerun-if-changed=src/cpu");
    let mut shaders: Vec<PathBuf> =
        fs::read_dir("shader")?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    shaders.retain(|path| path.extension().is_some_and(|extension| extension == "wgsl"));
    shaders.sort();

    let mut code = String::new();
    let mut all = String::new();
    for path in &shaders {
        let name = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a shader's name is not UTF-8")?;
        let module = host_module(name, path).map_err(|error| format!("{}: {error}", path.display()))?;
        code += &module;
        writeln!(all, "    {name}::KERNEL,")?;
    }
    write!(code, "/// Every kernel, by name.\npub const ALL: &[Kernel] = &[\n{all}];\n")?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("kernels.rs"), code)?;
    Ok(())
}

fn host_module(name: &str, path: &Path) -> Result<String, Box<dyn Error>> {
    if !Path::new("src/cpu").join(name).with_extension("rs").exists() {
        return Err(format!("it has no CPU mirror: write src/cpu/{name}.rs").into());
    }
    let source = fs::read_to_string(path)?;
    let options = naga::front::wgsl::Options {
        parse_doc_comments: true,
        capabilities: naga::valid::Capabilities::empty(),
    };
    let module = naga::front::wgsl::Frontend::new_with_options(options)
        .parse(&source)
        .map_err(|error| error.emit_to_string(&source))?;
    naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::empty())
        .validate(&module)
        .map_err(|error| error.emit_to_string(&source))?;

    let [entry_point] = module.entry_points.as_slice() else {
        return Err("it must have exactly one entry point".into());
    };
    if entry_point.name != name {
        return Err(format!("its entry point must be named {name}").into());
    }
    let [x, y, z] = entry_point.workgroup_size;
    let first_line = source
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("// "))
        .ok_or("it must begin with // and its equation")?;
    // Brackets are indices, not links.
    let summary = first_line.replace('[', "\\[");

    let mut bindings = String::new();
    let mut params = String::new();
    let mut sorted: Vec<_> =
        module.global_variables.iter().filter(|(_, variable)| variable.binding.is_some()).collect();
    sorted.sort_by_key(|(_, variable)| variable.binding.as_ref().map(|binding| binding.binding));
    for (place, (_, variable)) in sorted.iter().enumerate() {
        let binding = variable.binding.as_ref().ok_or("a resource has no binding")?;
        if binding.group != 0 || binding.binding as usize != place {
            return Err("its bindings must be 0, 1, 2 and so on, all of group 0".into());
        }
        let kind = match variable.space {
            AddressSpace::Uniform => {
                params = host_struct(&module, variable.ty)?;
                "Uniform"
            }
            AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => "StorageReadWrite",
            AddressSpace::Storage { .. } => "StorageRead",
            _ => return Err("a binding must be a uniform or a storage buffer".into()),
        };
        let binding_name = variable.name.as_deref().ok_or("a binding has no name")?;
        writeln!(bindings, "            Binding {{ name: {binding_name:?}, kind: BindingKind::{kind} }},")?;
    }
    Ok(format!(
        "/// {summary}\npub mod {name} {{
    use super::{{Binding, BindingKind, Kernel}};

    /// What a dispatch of it needs.
    pub const KERNEL: Kernel = Kernel {{
        name: {name:?},
        workgroup_size: [{x}, {y}, {z}],
        bindings: &[\n{bindings}        ],
        wgsl: include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/shader/{name}.wgsl\")),
    }};
{params}}}\n\n"
    ))
}

/// The Rust twin of a uniform structure. It has no hidden padding, so that it is plain old data.
fn host_struct(module: &Module, handle: naga::Handle<naga::Type>) -> Result<String, Box<dyn Error>> {
    let TypeInner::Struct { members, span } = &module.types[handle].inner else {
        return Err("its uniform must be a structure".into());
    };
    if module.types[handle].name.as_deref() != Some("Params") {
        return Err("its uniform structure must be named Params".into());
    }
    let mut fields = String::new();
    let mut asserts = String::new();
    for (index, member) in members.iter().enumerate() {
        let field = member.name.as_deref().ok_or("a member has no name")?;
        let (scalar, count) = match &module.types[member.ty].inner {
            TypeInner::Scalar(scalar) => (scalar, 1),
            TypeInner::Vector { size: VectorSize::Bi, scalar } => (scalar, 2),
            TypeInner::Vector { size: VectorSize::Quad, scalar } => (scalar, 4),
            _ => return Err(format!("member {field} must be a scalar or a vector of two or four").into()),
        };
        let scalar = match (scalar.kind, scalar.width) {
            (ScalarKind::Uint, 4) => "u32",
            (ScalarKind::Sint, 4) => "i32",
            (ScalarKind::Float, 4) => "f32",
            _ => return Err(format!("member {field} must be of u32, i32 or f32").into()),
        };
        let ty = if count == 1 { scalar.to_owned() } else { format!("[{scalar}; {count}]") };
        let comments =
            module.doc_comments.as_ref().and_then(|comments| comments.struct_members.get(&(handle, index)));
        for line in comments.ok_or_else(|| format!("member {field} needs a /// comment"))? {
            writeln!(fields, "        /// {}", line.trim_start_matches('/').trim())?;
        }
        writeln!(fields, "        pub {field}: {ty},")?;
        writeln!(asserts, "        assert!(core::mem::offset_of!(Params, {field}) == {});", member.offset)?;
    }
    Ok(format!(
        "
    /// Its parameters, laid out as the shader reads them.
    #[repr(C)]
    #[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
    pub struct Params {{
{fields}    }}

    const _: () = {{
        assert!(core::mem::size_of::<Params>() == {span});
{asserts}    }};
"
    ))
}
