//! Trunks against a virtual carrier.
