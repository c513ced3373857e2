//! Referral: the formal record of a patient's way between two facilities, up or down.
