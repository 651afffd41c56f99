//! Where a section's own check puts what it finds: the layer of each key is looked up here, so that no section has to know it.

use super::layers::Layers;
use super::mistake::Mistake;

/// Where [`super::Settings::check`] puts what it finds.
pub struct Mistakes<'a> {
    layers: &'a Layers,
    found: &'a mut Vec<Mistake>,
}

impl<'a> Mistakes<'a> {
    pub(super) fn new(layers: &'a Layers, found: &'a mut Vec<Mistake>) -> Self {
        Self { layers, found }
    }

    /// Adds that the value at `key` cannot be used, and why; a value that is absent is named as such.
    /// One mistake a key: what was found first is what the others follow from.
    pub fn add(&mut self, key: &str, problem: impl Into<String>) {
        if self.found.iter().any(|mistake| mistake.is_at(key)) {
            return;
        }
        self.found.push(match self.layers.origin_of_key(key) {
            Some(origin) => Mistake::at(key, &origin, problem),
            None => Mistake::missing(key, problem),
        });
    }
}
