//! The words of a referral: one spelling in the store, on the wire and in the journal.

use crate::{consult::Urgency, words};

/// The place of an urgency in a list: the most urgent first.
pub const fn rank(urgency: Urgency) -> i64 {
    match urgency {
        Urgency::Emergency => 0,
        Urgency::Urgent => 1,
        Urgency::Routine => 2,
    }
}

words! {
    /// What the patient needs over there.
    pub enum Service {
        /// A visit to the clinic.
        Outpatient = "outpatient",
        /// A bed.
        Inpatient = "inpatient",
        /// The emergency room.
        Emergency = "emergency",
        /// An examination only.
        Exam = "exam",
        /// Rehabilitation.
        Rehab = "rehab",
        /// Watching a chronic illness.
        ChronicFollowup = "chronic_followup",
    }
}

words! {
    /// How far the transport is; runs beside the state.
    pub enum TransportState {
        /// None is needed.
        None = "none",
        /// Still to be found.
        ToArrange = "to_arrange",
        /// Found.
        Arranged = "arranged",
        /// On the road.
        EnRoute = "en_route",
        /// The patient was handed over.
        HandedOver = "handed_over",
    }
}

words! {
    /// How the patient travels.
    pub enum TransportMode {
        /// By himself or with his family.
        Self_ = "self",
        /// In the sender's ambulance.
        AmbulanceOwn = "ambulance_own",
        /// In an ambulance of the emergency service.
        Ambulance120 = "ambulance_120",
        /// In a vehicle of the receiving hospital.
        TargetVehicle = "target_vehicle",
    }
}

words! {
    /// Which part a diagnosis plays.
    pub enum DiagnosisRole {
        /// The one the letter is about.
        Primary = "primary",
        /// Another one.
        Secondary = "secondary",
    }
}

words! {
    /// How the patient agreed.
    pub enum ConsentMethod {
        /// Signed on paper.
        Paper = "paper",
        /// Signed on the screen.
        OnScreen = "on_screen",
        /// Said before a witness.
        VerbalWitness = "verbal_witness",
    }
}

words! {
    /// Who agreed.
    pub enum Signer {
        /// The patient.
        Patient = "patient",
        /// The guardian or a near relative.
        Guardian = "guardian",
    }
}

words! {
    /// Why a referral was not taken.
    pub enum RejectReason {
        /// No bed and no slot.
        NoCapacity = "no_capacity",
        /// Beyond what this hospital can do.
        BeyondUs = "beyond_us",
        /// Can be treated where the patient is.
        TreatThere = "treat_there",
        /// Asked, and not answered.
        TooLittle = "too_little",
        /// Another one is open for the same.
        Duplicate = "duplicate",
        /// Not this department's field.
        NotMyField = "not_my_field",
        /// Something else; the text says what.
        Other = "other",
    }
}

words! {
    /// Why a referral goes elsewhere.
    pub enum RedirectReason {
        /// Another department's field.
        WrongField = "wrong_field",
        /// No bed.
        NoBed = "no_bed",
        /// The patient's condition changed.
        Changed = "changed",
        /// Something else.
        Other = "other",
    }
}

words! {
    /// What became of the patient.
    pub enum OutcomeCode {
        /// Well again.
        Cured = "cured",
        /// Better.
        Improved = "improved",
        /// As before.
        Unchanged = "unchanged",
        /// Worse.
        Worse = "worse",
        /// Sent on elsewhere.
        Transferred = "transferred",
        /// Left of his own will.
        Left = "left",
        /// Died.
        Died = "died",
        /// Something else; the summary says what.
        Other = "other",
    }
}

words! {
    /// What a note is.
    pub enum NoteKind {
        /// The receiving side asks.
        Question = "question",
        /// The sender answers.
        Answer = "answer",
        /// A word in between, during the treatment.
        Interim = "interim",
        /// A visit after the return.
        FollowUp = "follow_up",
        /// Why it is taken back.
        Cancel = "cancel",
        /// Why it should never have been.
        Error = "error",
        /// Why it goes elsewhere.
        Redirect = "redirect",
    }
}
