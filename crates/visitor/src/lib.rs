//! A visitor's part in the collective: what the collective decides, carried out over a network and a backend.
