//! When learning is refused, because what is learnt would be copies.

use abraham_messages::limits::{MIN_PICTURES, MIN_SOLO_PICTURES, MIN_TEACHERS};

use crate::Error;

/// Who learns from whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Four painters in one visitor's tab, taught by that visitor.
    Solo,
    /// A committee of four visitors, taught by others.
    Committee,
}

/// Refuses a round that has too few teachers or pictures; `pictures` is the number over all teachers present.
///
/// # Errors
/// [`Error::TooFewTeachers`], [`Error::TooFewPictures`].
pub fn check_crowd(setting: Setting, teachers: usize, pictures: usize) -> Result<(), Error> {
    let (least_teachers, least) = match setting {
        Setting::Solo => (1, MIN_SOLO_PICTURES),
        Setting::Committee => (MIN_TEACHERS, MIN_PICTURES),
    };
    if teachers < least_teachers {
        return Err(Error::TooFewTeachers { least: least_teachers, found: teachers });
    }
    if pictures < least {
        return Err(Error::TooFewPictures { least, found: pictures });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_small_crowds() {
        assert!(check_crowd(Setting::Solo, 1, MIN_SOLO_PICTURES).is_ok());
        assert!(matches!(
            check_crowd(Setting::Solo, 1, 1),
            Err(Error::TooFewPictures { least: MIN_SOLO_PICTURES, found: 1 })
        ));
        assert!(matches!(check_crowd(Setting::Solo, 0, 100), Err(Error::TooFewTeachers { .. })));
        assert!(check_crowd(Setting::Committee, MIN_TEACHERS, MIN_PICTURES).is_ok());
        assert!(matches!(check_crowd(Setting::Committee, 3, 63), Err(Error::TooFewPictures { .. })));
        assert!(matches!(check_crowd(Setting::Committee, 2, 1000), Err(Error::TooFewTeachers { .. })));
    }
}
