//! One row of a table of people: a person and what they are in one place.

use super::{Failed, TableRow, Work};
use crate::{
    auth::{
        Membership, Role,
        oversight::{NotYours, Oversight},
    },
    directory::{self, NewPerson, people::is_login},
    journal::Actor,
};

/// Roles as people write them.
const ROLES: &[(&str, Role)] = &[
    ("基层医生", Role::RuralDoctor),
    ("专科医生", Role::Specialist),
    ("转诊台", Role::Coordinator),
    ("机构管理员", Role::FacilityAdmin),
    ("联盟管理员", Role::AllianceAdmin),
    ("审计员", Role::Auditor),
];

impl Work<'_> {
    /// True if the person is new; whoever signs in so already stays as they are.
    pub(super) async fn person(&mut self, row: &TableRow) -> Result<bool, Failed> {
        let name = row.line("name")?;
        let login = row.line("login")?.to_lowercase();
        if !is_login(&login) {
            return Err(row.bad("login", "not_right"));
        }
        let [title, phone] = ["title", "phone"].map(|column| row.text(column));
        for (column, text) in [("title", title), ("phone", phone)] {
            if text.chars().count() > 60 {
                return Err(row.bad(column, "too_long"));
            }
            if text.chars().any(char::is_control) {
                return Err(row.bad(column, "not_right"));
            }
        }
        let role = self.role(row).await?;
        if self.entered.contains(&login) {
            return Err(row.bad("login", "twice"));
        }
        if directory::user_by_login(self.tx, &login).await?.is_some() {
            return Ok(false);
        }
        self.entered.insert(login.clone());
        let person = NewPerson {
            login,
            name,
            title: title.to_owned(),
            phone: Some(phone).filter(|phone| !phone.is_empty()).map(str::to_owned),
            roles: vec![role],
        };
        let by = Actor::User(self.who.user);
        directory::add_person_without_password(self.ctx, self.tx, by, &person).await?;
        Ok(true)
    }

    async fn role(&mut self, row: &TableRow) -> Result<Membership, Failed> {
        let typed = row.line("role")?;
        let by_heading = ROLES.iter().find(|(heading, _)| *heading == typed).map(|(_, role)| *role);
        let Some(role) = by_heading.or_else(|| typed.parse().ok()) else {
            return Err(row.bad("role", "not_one_of_these"));
        };
        let place = row.line("facility")?;
        let Some(facility) = directory::facility_by_name(self.tx, &place).await? else {
            return Err(row.bad("facility", "not_found"));
        };
        let department = match (row.text("department"), role) {
            ("", Role::Specialist) => return Err(row.bad("department", "required")),
            ("", _) => None,
            (name, Role::Specialist | Role::RuralDoctor) => {
                let found = directory::department_by_name(self.tx, facility, name).await?;
                Some(found.ok_or_else(|| row.bad("department", "not_found"))?)
            }
            (_, Role::Coordinator | Role::FacilityAdmin | Role::AllianceAdmin | Role::Auditor) => {
                return Err(row.bad("department", "not_right"));
            }
        };
        let leads = directory::facility(self.tx, facility).await?.is_some_and(|one| one.leads);
        if role == Role::AllianceAdmin && !leads {
            return Err(row.bad("facility", "must_lead"));
        }
        let role = Membership { facility, department, role };
        match Oversight::of(self.who).allows((None, self.who.user), &[], &[role]) {
            Ok(()) => Ok(role),
            Err(NotYours::Denied | NotYours::AuditsThemselves(_)) => Err(row.bad("facility", "not_yours")),
        }
    }
}
