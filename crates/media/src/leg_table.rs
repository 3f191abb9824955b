//! Legs by slot and by name.

use crate::command::LegId;
use crate::leg::Leg;
use crate::leg_map::LegMap;
use crate::prefetch::prefetch;

/// All legs of an engine. A slot is reused; its generation tells its tenants apart.
#[derive(Default)]
pub(crate) struct LegTable {
    slots: Vec<(u32, Option<Box<Leg>>)>,
    free: Vec<u32>,
    by_id: LegMap<u32>,
}

impl LegTable {
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn slot(&self, id: LegId) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    pub fn get(&self, slot: u32) -> Option<&Leg> {
        self.slots.get(slot as usize)?.1.as_deref()
    }

    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Leg> {
        self.slots.get_mut(slot as usize)?.1.as_deref_mut()
    }

    pub fn generation(&self, slot: u32) -> u32 {
        self.slots.get(slot as usize).map_or(0, |(generation, _)| *generation)
    }

    /// The leg a heap entry means, if it still lives there.
    pub fn tenant(&mut self, slot: u32, generation: u32) -> Option<&mut Leg> {
        let (lives, leg) = self.slots.get_mut(slot as usize)?;
        if *lives == generation { leg.as_deref_mut() } else { None }
    }

    /// The same, to look at only.
    pub fn resident(&self, slot: u32, generation: u32) -> Option<&Leg> {
        let (lives, leg) = self.slots.get(slot as usize)?;
        if *lives == generation { leg.as_deref() } else { None }
    }

    pub fn insert(&mut self, leg: Leg) -> u32 {
        let id = leg.id;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            (self.slots.len() - 1) as u32
        });
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = (place.0.wrapping_add(1), Some(Box::new(leg)));
        }
        self.by_id.insert(id, slot);
        slot
    }

    pub fn remove(&mut self, slot: u32) -> Option<Box<Leg>> {
        let leg = self.slots.get_mut(slot as usize)?.1.take()?;
        self.by_id.remove(leg.id);
        self.free.push(slot);
        Some(leg)
    }

    /// Asks memory for what [`Self::slot`] will read.
    pub fn prefetch_name(&self, id: LegId) {
        self.by_id.prefetch(id);
    }

    /// Asks memory for where the leg in `slot` lies.
    pub fn prefetch_place(&self, slot: u32) {
        if let Some(place) = self.slots.get(slot as usize) {
            prefetch(place, size_of_val(place));
        }
    }

    /// Asks memory for what a packet from or to the leg in `slot` will need.
    pub fn prefetch(&self, slot: u32) {
        if let Some(leg) = self.get(slot) {
            leg.prefetch();
        }
    }

    /// Asks memory for what the next frame of the leg in `slot` will need.
    pub fn prefetch_frame(&self, slot: u32) {
        if let Some(leg) = self.get(slot) {
            leg.prefetch();
            leg.prefetch_timers();
        }
    }
}
