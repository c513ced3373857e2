//! Directory: facilities, departments, staff, and who is on call.
