//! A map by leg that can be asked for memory ahead of a look-up.

use crate::command::LegId;
use crate::prefetch::prefetch;

/// Places at first; a power of two, as ever after.
const FIRST_PLACES: usize = 16;

/// So many legs with numbers in turn lie side by side; a power of two.
const NEIGHBOURS: u64 = 4;

/// By leg. The switch hands out numbers in turn: legs of one call lie side by side, and a packet that goes from one to the other
/// finds both in the same line of memory, mostly. Each leg lies at the place its number names, or at the next one that was free;
/// at most half of the places are taken.
#[derive(Debug)]
pub struct LegMap<T> {
    places: Vec<Option<(LegId, T)>>,
    len: usize,
}

impl<T> Default for LegMap<T> {
    fn default() -> Self {
        Self { places: Vec::new(), len: 0 }
    }
}

impl<T> LegMap<T> {
    /// How many legs are in it.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// What is kept of `leg`.
    #[must_use]
    pub fn get(&self, leg: LegId) -> Option<&T> {
        self.places.get(self.find(leg)?)?.as_ref().map(|(_, kept)| kept)
    }

    /// The same, to change it.
    fn get_mut(&mut self, leg: LegId) -> Option<&mut T> {
        let place = self.find(leg)?;
        self.places.get_mut(place)?.as_mut().map(|(_, kept)| kept)
    }

    /// Keeps something of `leg`; what was kept before comes back.
    pub fn insert(&mut self, leg: LegId, kept: T) -> Option<T> {
        if let Some(place) = self.get_mut(leg) {
            return Some(std::mem::replace(place, kept));
        }
        if (self.len + 1) * 2 > self.places.len() {
            self.grow();
        }
        self.put((leg, kept));
        self.len += 1;
        None
    }

    /// Keeps nothing of `leg` any more; what was kept comes back.
    pub fn remove(&mut self, leg: LegId) -> Option<T> {
        let mut hole = self.find(leg)?;
        let (_, kept) = self.places.get_mut(hole)?.take()?;
        self.len -= 1;
        // Who had to go on from the hole, or from a place before it, comes back to it: a look-up ends at the first free place.
        let mut next = self.after(hole);
        while let Some((id, _)) = self.places.get(next).and_then(Option::as_ref) {
            let home = self.home(*id);
            if self.distance(home, hole) < self.distance(home, next) {
                self.places.swap(hole, next);
                hole = next;
            }
            next = self.after(next);
        }
        Some(kept)
    }

    /// Asks memory for what a look-up of `leg` will read. Only a hint.
    #[inline]
    pub fn prefetch(&self, leg: LegId) {
        if let Some(place) = self.places.get(self.home(leg)) {
            prefetch(place, size_of_val(place));
        }
    }

    /// Where it lies if nobody else does. Neighbourhoods are spread (Fibonacci hashing): side by side, those of long calls would
    /// make a row that each leg with such a number had to be looked for along.
    const fn home(&self, leg: LegId) -> usize {
        let neighbourhood = (leg.0 / NEIGHBOURS).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        (neighbourhood * NEIGHBOURS + leg.0 % NEIGHBOURS) as usize & self.places.len().wrapping_sub(1)
    }

    const fn after(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }

    /// Steps from one place to another.
    const fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.places.len() - 1)
    }

    #[inline]
    fn find(&self, leg: LegId) -> Option<usize> {
        let mut place = self.home(leg);
        while let Some((id, _)) = self.places.get(place)?.as_ref() {
            if *id == leg {
                return Some(place);
            }
            place = self.after(place);
        }
        None
    }

    /// Puts in somebody new where there is room.
    fn put(&mut self, kept: (LegId, T)) {
        let mut place = self.home(kept.0);
        while self.places.get(place).is_some_and(Option::is_some) {
            place = self.after(place);
        }
        if let Some(free) = self.places.get_mut(place) {
            *free = Some(kept);
        }
    }

    fn grow(&mut self) {
        let places = (self.places.len() * 2).max(FIRST_PLACES);
        let kept = std::mem::replace(&mut self.places, std::iter::repeat_with(|| None).take(places).collect());
        for kept in kept.into_iter().flatten() {
            self.put(kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use std::collections::HashMap;

    #[test]
    fn it_keeps_what_any_map_keeps() {
        for seed in 0..200 {
            let (mut map, mut model, mut seed) = (LegMap::default(), HashMap::new(), Seed::new(seed));
            for step in 0..300 {
                // Some in turn, some that are the same but for their upper bits; few enough to meet again.
                let number = seed.next_number();
                let leg = LegId(number % 40 + (((number >> 8) % 3) << 40));
                if number >> 16 & 1 == 0 {
                    assert_eq!(map.insert(leg, step), model.insert(leg, step));
                } else {
                    assert_eq!(map.remove(leg), model.remove(&leg));
                }
                assert_eq!(map.len(), model.len());
                for (leg, kept) in &mut model {
                    map.prefetch(*leg);
                    assert_eq!(map.get(*leg), Some(&*kept));
                    assert_eq!(map.get_mut(*leg), Some(kept));
                }
            }
        }
    }

    #[test]
    fn numbers_in_turn_after_many_long_calls_are_found_soon() {
        let mut map = LegMap::default();
        for leg in 0..400 {
            map.insert(LegId(leg), ());
        }
        let steps = |map: &LegMap<()>, leg| map.distance(map.home(LegId(leg)), map.find(LegId(leg)).unwrap());
        for leg in 400..100_000 {
            map.insert(LegId(leg), ());
            assert!(steps(&map, leg) < 60, "{leg}: {} steps", steps(&map, leg));
            map.remove(LegId(leg));
        }
    }

    #[test]
    fn an_empty_one_can_be_asked() {
        let mut map = LegMap::<u32>::default();
        map.prefetch(LegId(7));
        assert_eq!(map.get(LegId(7)), None);
        assert_eq!(map.remove(LegId(7)), None);
    }
}
