//! One whole visit in browsers that are not Chromium, and one Firefox among Chromium's tabs.

mod together;
mod visit;
