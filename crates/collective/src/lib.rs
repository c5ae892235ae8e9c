//! Who is here, who paints, and whose turn it is: presence, election, committee, term and round, without network or clock.
