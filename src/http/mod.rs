//! Http: the tool kit of every api door. Knows nothing about medicine.
