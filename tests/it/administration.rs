//! Looking after the places: who may, what is kept, what a table brings in.

use axum::http::Method;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::support::Alliance;

fn clinic_form(name: &str) -> Value {
    json!({ "name": name, "level": "township", "grade": null, "phone_24h": "0999-555-0141" })
}

fn department_form(facility: &str, name: &str) -> Value {
    json!({
        "facility": facility, "name": name, "scope_text": "咳嗽、气喘", "phone": "0999-555-0142",
        "accepts_consult": true, "accepts_referral": false, "min_dataset": ["exam.spo2"], "ring_seconds": 30,
    })
}

#[tokio::test]
async fn an_administrator_of_the_alliance_enters_and_changes_a_facility_and_its_department() {
    let alliance = Alliance::open().await;
    let hospital = alliance.hospital("Jinan Central").await;
    let admin = alliance.person("Gu", hospital.facility, None, "alliance_admin").await;

    let made = admin.post("/admin/facilities", clinic_form("溪口镇卫生院")).await.is(201).json();
    admin.post("/admin/facilities", clinic_form("溪口镇卫生院")).await.is(409);
    let path = format!("/admin/facilities/{}", made["id"].as_str().unwrap());
    let changed = json!({ "name": "溪口中心卫生院", "level": "township", "phone_24h": "0999-555-0143" });
    let after = admin.writes_over(Method::PATCH, &path, 1, changed.clone()).await.is(200).json();
    admin.writes_over(Method::PATCH, &path, 1, changed).await.is(412);

    assert_eq!(after["name"], "溪口中心卫生院");
    let facility = made["id"].as_str().unwrap();
    let department =
        admin.post("/admin/departments", department_form(facility, "呼吸内科")).await.is(201).json();
    let seen = admin.get("/departments?q=hxnk").await.is(200).json();
    assert_eq!(seen["items"][0]["id"], department["id"], "it is found by its initials");
    assert_eq!(alliance.journal_of(facility).await, ["facility.add", "facility.change"]);
}

#[tokio::test]
async fn an_administrator_of_one_facility_looks_after_that_one_only() {
    let alliance = Alliance::open().await;
    let hospital = alliance.hospital("Jinan Central").await;
    let clinic = alliance.clinic("Xiaying").await;
    let admin = alliance.person("Miao", clinic.facility, None, "facility_admin").await;

    let mine = admin.get("/admin/facilities").await.is(200).json();
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
    admin.post("/admin/facilities", clinic_form("溪口镇卫生院")).await.is(403);
    admin
        .post("/admin/departments", department_form(&hospital.facility.to_string(), "呼吸内科"))
        .await
        .is(403);
    admin.post("/admin/departments", department_form(&clinic.facility.to_string(), "呼吸内科")).await.is(201);
    let path = format!("/admin/facilities/{}", clinic.facility);
    let higher = json!({ "name": "Xiaying", "level": "tertiary", "phone_24h": "0999-555-0143" });
    let refused = admin.writes_over(Method::PATCH, &path, 1, higher).await.is(422).json();
    assert_eq!(refused["errors"][0]["code"], "not_yours");
    clinic.doctor().get("/admin/facilities").await.is(403);
    clinic.desk().get("/admin/departments").await.is(403);
}

#[tokio::test]
async fn a_department_is_checked_field_by_field() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Xiaying").await;
    let admin = alliance.person("Miao", clinic.facility, None, "facility_admin").await;
    let mut form = department_form(&clinic.facility.to_string(), "呼吸内科");
    form["ring_seconds"] = json!(5);
    form["min_dataset"] = json!(["shoe_size"]);

    let refused = admin.post("/admin/departments", form).await.is(422).json();

    let fields: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["ring_seconds", "min_dataset"]);
}

#[tokio::test]
async fn a_week_of_the_rota_decides_who_is_rung() {
    let alliance = Alliance::open().await;
    let hospital = alliance.hospital("Jinan Central").await;
    let admin = alliance.person("Miao", hospital.facility, None, "facility_admin").await;
    let path = format!("/admin/departments/{}/rota", hospital.department());
    let from = "2026-03-02T00:00:00.000Z";
    let before = admin.get(&format!("{path}?from={from}")).await.is(200).json();
    let doctor = hospital.second().id.to_string();
    assert!(before["staff"].as_array().unwrap().iter().any(|person| person["id"] == doctor.as_str()));

    let version = before["version"].as_i64().unwrap();
    let duty = json!({ "user": doctor, "tier": 1, "starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-03T00:00:00Z" });
    let form = json!({ "from": from, "duties": [duty] });
    let after = admin.writes_over(Method::PUT, &path, version, form.clone()).await.is(200).json();
    admin.writes_over(Method::PUT, &path, version, form).await.is(412);

    let duties = after["duties"].as_array().unwrap();
    assert!(duties.iter().any(|one| one["user"] == doctor.as_str() && one["starts_at"] == from), "{after}");
    assert_eq!(after["keeps_rota"], true);
    let stranger = json!({ "user": admin.id.to_string(), "tier": 1, "starts_at": from, "ends_at": "2026-03-03T00:00:00Z" });
    let refused = admin
        .writes_over(Method::PUT, &path, version + 1, json!({ "from": from, "duties": [stranger] }))
        .await
        .is(422)
        .json();
    assert_eq!(refused["errors"][0]["field"], "duties.0.user");
}

#[tokio::test]
async fn a_table_names_each_bad_cell_and_goes_in_whole_or_not_at_all() {
    let alliance = Alliance::open().await;
    let hospital = alliance.hospital("Jinan Central").await;
    let admin = alliance.person("Gu", hospital.facility, None, "alliance_admin").await;
    let ask = |table: &str, text: &str, confirm: bool| {
        let body = json!({ "table": table, "file": STANDARD.encode(text), "confirm": confirm });
        let admin = &admin;
        async move { admin.post("/admin/imports", body).await.is(200).json() }
    };
    let good = "机构名称,级别,等级,24小时电话\n溪口镇卫生院,乡镇卫生院,,0999-555-0143\n";
    let bad = format!("{good}东坡村卫生室,诊所,,0999-555-0144\n北河村卫生室,村卫生室,,\n");

    let told = ask("facilities", &bad, true).await;
    assert_eq!(told["done"], false);
    assert_eq!(
        told["bad"][0],
        json!({ "line": 3, "column": "level", "code": "not_one_of_these", "text": "诊所" })
    );
    assert_eq!(told["bad"][1]["column"], "phone_24h");
    assert_eq!(told["bad"][1]["line"], 4);
    let preview = ask("facilities", good, false).await;
    assert_eq!((&preview["added"], &preview["done"]), (&json!(1), &json!(false)));
    let names = |listed: Value| listed["items"].as_array().unwrap().len();
    assert_eq!(names(admin.get("/admin/facilities").await.json()), 1, "nothing was taken yet");

    assert_eq!(ask("facilities", good, true).await["done"], true);
    let again = ask("facilities", good, true).await;
    assert_eq!((&again["added"], &again["known"]), (&json!(0), &json!(1)));
    let rooms = "机构名称,科室名称,电话\n溪口镇卫生院,全科,0999-555-0145\n";
    assert_eq!(ask("departments", rooms, true).await["added"], 1);
    assert_eq!(names(admin.get("/admin/facilities").await.json()), 2);
}

#[tokio::test]
async fn relations_follow_from_the_levels_until_they_are_set_by_hand_and_again_after() {
    let alliance = Alliance::open().await;
    let (hospital, clinic) = (alliance.hospital("Yunti First").await, alliance.clinic("Luwan").await);
    let other = alliance.clinic("Xikou").await;
    let (admin, rural) = (clinic.admin(), clinic.doctor());
    let path = format!("/admin/facilities/{}/relations", clinic.facility);
    let patient = alliance.patient(rural, "赵长河").await;
    let letter = json!({ "patient_id": patient, "direction": "up", "to_department": hospital.department(),
        "urgency": "urgent", "reason_text": "No catheter laboratory here", "present_illness": "Chest pain",
        "diagnoses": [{ "code": "I21.1", "text": "Acute inferior infarction" }],
        "consent": { "method": "paper", "signer": "patient" } });
    let referral = format!("/referrals/{}", rural.post("/referrals", letter).await.is(201).text("id"));

    let by_level = admin.get(&path).await.is(200).json();
    assert_eq!(by_level["items"][0]["facility"]["name"], "Yunti First", "those that can do most stand first");
    assert_eq!(
        (&by_level["items"][0]["by_level"], &by_level["items"][1]["by_level"]),
        (&json!("up"), &json!("peer"))
    );
    other.admin().get(&path).await.is(403);
    rural.get(&path).await.is(403);

    let none = json!({ "items": [{ "facility": hospital.facility, "by_hand": "none" },
                                 { "facility": other.facility, "by_hand": "peer" }] });
    let after = admin.replaces(&path, none).await.is(200).json();
    assert_eq!(
        (&after["items"][0]["by_hand"], &after["items"][1]["by_hand"]),
        (&json!("none"), &Value::Null)
    );
    let targets = rural.get("/departments?accepts=referral").await.is(200).json();
    assert_eq!(targets["items"], json!([]), "what is not related is not offered");
    let refused = rural.does(&referral, "submit", json!({})).await.is(422).json();
    assert_eq!(refused["code"], "incomplete", "and not taken: {refused}");

    let late = json!({ "items": [{ "facility": hospital.facility, "by_hand": "up" }] });
    let stale = admin.writes_over(Method::PUT, &path, 0, late.clone()).await.is(412).json();
    assert_eq!(stale["version"], 1, "somebody else's change is not overwritten");
    assert_eq!(admin.put(&path, late).await.is(428).json()["code"], "if_match_missing");
    admin.writes_over(Method::DELETE, &path, 0, Value::Null).await.is(412);

    let again = admin.clears(&path).await.is(200).json();
    assert_eq!(again["items"][0]["by_hand"], Value::Null);
    rural.does(&referral, "submit", json!({})).await.is(200);
    let second = alliance.hospital("Jinan Central").await;
    let onward = json!({ "to_department": second.department() });
    let none = json!({ "items": [{ "facility": second.facility, "by_hand": "none" }] });
    admin.replaces(&path, none).await.is(200);
    let refused = rural.does(&referral, "redirect_by_sender", onward.clone()).await.is(422).json();
    assert_eq!(refused["errors"][0], json!({ "field": "to_department", "code": "not_related" }));
    admin.clears(&path).await.is(200);
    rural.does(&referral, "redirect_by_sender", onward).await.is(200);
    let strange = json!({ "items": [{ "facility": clinic.facility, "by_hand": "peer" }] });
    assert_eq!(admin.replaces(&path, strange).await.is(422).json()["errors"][0]["field"], "items.0.facility");
}

#[tokio::test]
async fn people_come_in_from_a_workbook_as_from_a_table_and_each_bad_cell_is_named() {
    let alliance = Alliance::open().await;
    let (hospital, other) = (alliance.hospital("Yunti First").await, alliance.clinic("Luwan").await);
    let admin = hospital.admin();
    let book = |rows: &[[&str; 7]]| {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        let headings = ["姓名", "登录名", "职称", "电话", "身份", "机构名称", "科室名称"];
        for (n, row) in [headings].iter().chain(rows).enumerate() {
            for (column, text) in row.iter().enumerate() {
                sheet.write(n as u32, column as u16, *text).unwrap();
            }
        }
        STANDARD.encode(book.save_to_buffer().unwrap())
    };
    let ask = |file: String, confirm: bool| async move {
        let body = json!({ "table": "people", "file": file, "confirm": confirm });
        admin.post("/admin/imports", body).await.is(200).json()
    };
    let xu = ["许望舟", "Xu.Wangzhou", "主任医师", "0999-555-0131", "专科医生", "Yunti First", "Cardiology"];
    let bad = [
        xu,
        ["秦川渡", "qin chuandu", "", "", "专科医生", "Yunti First", "Cardiology"],
        ["周雁知", "zhou.yanzhi", "", "", "专科医生", "Yunti First", ""],
        ["宋知微", "song.zhiwei", "", "", "转诊台", "Luwan", ""],
        ["苗青禾", "miao.qinghe", "", "", "院长", "Yunti First", ""],
        ["许望舟", "xu.wangzhou", "", "", "转诊台", "Yunti First", ""],
    ];

    let told = ask(book(&bad), true).await;
    let named: Vec<_> = told["bad"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {} {}", one["line"], one["column"], one["code"]))
        .collect();
    assert_eq!(
        named,
        [
            "3 \"login\" \"not_right\"",
            "4 \"department\" \"required\"",
            "5 \"facility\" \"not_yours\"",
            "6 \"role\" \"not_one_of_these\"",
            "7 \"login\" \"twice\"",
        ]
    );
    assert_eq!(told["done"], false);
    let desk = ["宋知微", "song.zhiwei", "", "", "coordinator", "Yunti First", ""];
    assert_eq!(ask(book(&[xu, desk]), true).await["added"], 2);
    assert_eq!(ask(book(&[xu, desk]), true).await["known"], 2, "the same file twice changes nothing");

    let found = admin.get("/admin/people?q=xuwangzhou").await.is(200).json();
    assert_eq!(
        (&found["items"][0]["title"], &found["items"][0]["has_password"]),
        (&json!("主任医师"), &json!(false))
    );
    assert_eq!(found["items"][0]["memberships"][0]["department"]["name"], "Cardiology");
    assert_eq!(other.admin().get("/admin/people?q=xuwangzhou").await.is(200).json()["items"], json!([]));
}
