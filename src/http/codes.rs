//! Every `code` a [`super::Problem`] can carry. `docs/problems.md` lists the same ones, and
//! the browser has a sentence for each in every language; tests hold the three together.

use axum::http::StatusCode;

/// One kind of refusal: our stable word, the status, and the title that never changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The word for programs.
    pub word: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// One English line, the same every time.
    pub title: &'static str,
}

macro_rules! codes {
    ($($name:ident = $status:ident, $word:literal, $title:literal;)*) => {
        $(
            #[doc = $title]
            pub const $name: Code = Code { word: $word, status: StatusCode::$status, title: $title };
        )*
        /// All of them.
        pub const ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    BAD_JSON = BAD_REQUEST, "bad_json", "The body is not JSON.";
    BAD_REQUEST = BAD_REQUEST, "bad_request", "The request cannot be understood.";
    IDEMPOTENCY_KEY_MISSING = BAD_REQUEST, "idempotency_key_missing", "This request needs an Idempotency-Key.";
    NOT_SIGNED_IN = UNAUTHORIZED, "not_signed_in", "Sign in first.";
    SIGN_IN_REFUSED = UNAUTHORIZED, "sign_in_refused", "Name or password is not right.";
    FORBIDDEN = FORBIDDEN, "forbidden", "This is not for you to do.";
    NO_SCOPE = FORBIDDEN, "no_scope", "This token is not for that.";
    WRONG_ORIGIN = FORBIDDEN, "wrong_origin", "The request comes from another site.";
    SETUP_LINK_DEAD = FORBIDDEN, "setup_link_dead", "This set-up link is of no use any more.";
    PASSWORD_LINK_DEAD = FORBIDDEN, "password_link_dead", "This link is of no use any more.";
    NOT_FOUND = NOT_FOUND, "not_found", "There is no such thing here.";
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED, "method_not_allowed", "This address does not take that method.";
    WRONG_STATE = CONFLICT, "wrong_state", "This step is not open now.";
    SOMEONE_WAS_FASTER = CONFLICT, "someone_was_faster", "Someone else was first.";
    ALREADY_THERE = CONFLICT, "already_there", "There is one already.";
    LAST_ADMINISTRATOR = CONFLICT, "last_administrator", "The alliance would have no administrator.";
    PATIENT_EXISTS = CONFLICT, "patient_exists", "A patient with this identity number exists.";
    IN_FLIGHT = CONFLICT, "in_flight", "The same request is still being worked on.";
    STALE = PRECONDITION_FAILED, "stale", "It was changed meanwhile.";
    TOO_LARGE = PAYLOAD_TOO_LARGE, "too_large", "That is too large.";
    NOT_ACCEPTED = UNSUPPORTED_MEDIA_TYPE, "not_accepted", "This kind of file is not taken.";
    INVALID_FIELD = UNPROCESSABLE_ENTITY, "invalid_field", "A field is not right.";
    INCOMPLETE = UNPROCESSABLE_ENTITY, "incomplete", "Something that is needed is missing.";
    CONTENT_MISMATCH = UNPROCESSABLE_ENTITY, "content_mismatch", "The file is not what its name says.";
    NO_GLYPH = UNPROCESSABLE_ENTITY, "no_glyph", "The printing font lacks a character.";
    IDEMPOTENCY_KEY_REUSED = UNPROCESSABLE_ENTITY, "idempotency_key_reused", "This Idempotency-Key was used for another request.";
    IF_MATCH_MISSING = PRECONDITION_REQUIRED, "if_match_missing", "Say which version you saw, with If-Match.";
    SLOW_DOWN = TOO_MANY_REQUESTS, "slow_down", "Too many tries. Wait a little.";
    INTERNAL = INTERNAL_SERVER_ERROR, "internal", "This was not done. It is our fault.";
    UNAVAILABLE = SERVICE_UNAVAILABLE, "unavailable", "The database cannot be reached just now.";
    DISK_FULL = INSUFFICIENT_STORAGE, "disk_full", "The server cannot take new files.";
}
