//! Files of a consult, through the front door: taken in, refused, shown, linked.

use std::io::Cursor;

use axum::body::{Body, Bytes};
use axum::http::Method;
use causeway::attachments;
use serde_json::{Value, json};

use super::support::{Alliance, Answer, Place};

/// A consult under way, to hang files on.
struct Scene {
    alliance: Alliance,
    clinic: Place,
    hospital: Place,
    record: String,
}

impl Scene {
    async fn open() -> Self {
        let alliance = Alliance::open().await;
        let hospital = alliance.hospital("Central").await;
        let clinic = alliance.clinic("Luwan").await;
        let patient = alliance.patient(clinic.doctor(), "赵长河").await;
        let form = json!({
            "patient_id": patient, "to_department": hospital.department(), "kind": "instant", "urgency": "urgent",
            "question": "胸痛两小时，ST 段抬高，是否立即上转做介入？",
            "consent": { "method": "paper", "signer": "patient" },
        });
        let id = clinic.doctor().post("/consults", form).await.is(201).text("id");
        let record = format!("/consults/{id}");
        clinic.doctor().does(&record, "submit", json!({})).await.is(200);
        hospital.doctor().does(&record, "accept", json!({})).await.is(200);
        Self { alliance, clinic, hospital, record }
    }

    async fn attach(&self, name: &str, kind: &str, bytes: Vec<u8>) -> Answer {
        self.clinic.doctor().attaches(&self.record, name, kind, bytes).await
    }

    fn file(&self, made: &Value) -> String {
        format!("{}/attachments/{}", self.record, made["id"].as_str().unwrap())
    }

    /// Blobs on disk, finished or not.
    fn blobs(&self) -> usize {
        fn count(dir: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
            entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
        }
        count(&self.alliance.store.folder().join("files"))
    }
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture =
        image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8]));
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn pdf() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n".to_vec()
}

/// A DICOM file of one 16-bit frame whose sample at (row, col) is `row * 100 + col`, written
/// out by hand after PS3.5 and PS3.10: explicit VR, little endian.
fn dicom(rows: u16, cols: u16) -> Vec<u8> {
    fn element(out: &mut Vec<u8>, tag: (u16, u16), vr: &str, value: &[u8]) {
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == "UI" || vr == "OB" { 0 } else { b' ' });
        }
        out.extend_from_slice(&tag.0.to_le_bytes());
        out.extend_from_slice(&tag.1.to_le_bytes());
        out.extend_from_slice(vr.as_bytes());
        if matches!(vr, "OB" | "OW") {
            out.extend_from_slice(&[0, 0]);
            out.extend_from_slice(&u32::try_from(value.len()).unwrap().to_le_bytes());
        } else {
            out.extend_from_slice(&u16::try_from(value.len()).unwrap().to_le_bytes());
        }
        out.extend_from_slice(&value);
    }
    let mut meta = Vec::new();
    element(&mut meta, (2, 1), "OB", &[0, 1]);
    element(&mut meta, (2, 2), "UI", b"1.2.840.10008.5.1.4.1.1.7");
    element(&mut meta, (2, 3), "UI", b"1.2.826.0.1.3680043.2.1");
    element(&mut meta, (2, 0x10), "UI", b"1.2.840.10008.1.2.1");
    element(&mut meta, (2, 0x12), "UI", b"1.2.826.0.1.3680043.2");
    let mut out = vec![0; 128];
    out.extend_from_slice(b"DICM");
    element(&mut out, (2, 0), "UL", &u32::try_from(meta.len()).unwrap().to_le_bytes());
    out.extend_from_slice(&meta);
    element(&mut out, (8, 5), "CS", b"ISO_IR 192");
    element(&mut out, (8, 0x16), "UI", b"1.2.840.10008.5.1.4.1.1.7");
    element(&mut out, (8, 0x18), "UI", b"1.2.826.0.1.3680043.2.1");
    element(&mut out, (8, 0x60), "CS", b"CT");
    element(&mut out, (0x10, 0x10), "PN", "赵^长河".as_bytes());
    let short = |n: u16| n.to_le_bytes();
    element(&mut out, (0x28, 2), "US", &short(1));
    element(&mut out, (0x28, 4), "CS", b"MONOCHROME2");
    element(&mut out, (0x28, 0x10), "US", &short(rows));
    element(&mut out, (0x28, 0x11), "US", &short(cols));
    for (tag, value) in [(0x100, 16), (0x101, 16), (0x102, 15), (0x103, 0)] {
        element(&mut out, (0x28, tag), "US", &short(value));
    }
    for (tag, value) in [(0x1050, "40"), (0x1051, "400"), (0x1052, "-1024"), (0x1053, "1")] {
        element(&mut out, (0x28, tag), "DS", value.as_bytes());
    }
    let samples: Vec<u8> =
        (0..rows).flat_map(|row| (0..cols).flat_map(move |col| (row * 100 + col).to_le_bytes())).collect();
    element(&mut out, (0x7fe0, 0x10), "OW", &samples);
    out
}

fn sha256(bytes: &[u8]) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_photograph_is_seen_by_the_other_side_byte_for_byte() {
    let scene = Scene::open().await;
    let photo = jpeg(1200, 800);

    let made = scene.attach("伤口.jpg", "image/jpeg", photo.clone()).await.is(201).json();

    assert_eq!((&made["name"], &made["mime"]), (&json!("伤口.jpg"), &json!("image/jpeg")));
    assert_eq!(made["sha256"], sha256(&photo));
    assert_eq!((&made["width"], &made["height"]), (&json!(1200), &json!(800)));
    let doctor = scene.hospital.doctor();
    let listed = doctor.get(&format!("{}/attachments", scene.record)).await.is(200).json();
    assert_eq!(listed["items"], json!([made]));
    let saved = doctor.get(&scene.file(&made)).await.is(200);
    assert_eq!(saved.body, photo);
    assert_eq!(saved.header("x-content-type-options"), "nosniff");
    assert!(saved.header("content-disposition").starts_with("attachment; filename*=UTF-8''"));
    assert!(saved.header("content-security-policy").contains("sandbox"));
    let shown = doctor.get(&format!("{}/view", scene.file(&made))).await.is(200);
    assert!(shown.header("content-disposition").starts_with("inline"));
    let small = doctor.get(&format!("{}/thumbnail", scene.file(&made))).await.is(200);
    let small = image::load_from_memory(&small.body).unwrap();
    assert_eq!((small.width(), small.height()), (480, 320));
}

#[tokio::test]
async fn a_range_of_a_file_is_served_and_the_rest_left_alone() {
    let scene = Scene::open().await;
    let text = "主诉：胸痛。".repeat(20_000).into_bytes();
    let made = scene.attach("notes.txt", "text/plain", text.clone()).await.is(201).json();

    let part = [("range", "bytes=65530-65549")];
    let part =
        scene.hospital.doctor().send(Method::GET, &scene.file(&made), &part, Body::empty()).await.is(206);

    assert_eq!(part.body, text[65_530..65_550]);
    assert_eq!(part.header("content-range"), format!("bytes 65530-65549/{}", text.len()));
    let beyond = [("range", "bytes=99999999-")];
    scene.hospital.doctor().send(Method::GET, &scene.file(&made), &beyond, Body::empty()).await.is(416);
}

#[tokio::test]
async fn a_dicom_image_shows_its_samples_window_and_header() {
    let scene = Scene::open().await;

    let made = scene.attach("ct.dcm", "application/dicom", dicom(40, 64)).await.is(201).json();

    let facts = json!({ "modality": "CT", "rows": 40, "cols": 64, "frames": 1, "patient_name": "赵^长河" });
    assert_eq!(made["dicom"], facts);
    assert_eq!(made["has_thumbnail"], true);
    let pixels = scene.hospital.doctor().get(&format!("{}/pixels?frame=0", scene.file(&made))).await.is(200);
    assert_eq!(pixels.body.len(), 40 * 64 * 2);
    let at = |row: usize, col: usize| {
        let place = (row * 64 + col) * 2;
        u16::from_le_bytes([pixels.body[place], pixels.body[place + 1]])
    };
    assert_eq!((at(0, 0), at(3, 5), at(39, 63)), (0, 305, 3963));
    let said = |name| pixels.header(name);
    assert_eq!((said("x-rows"), said("x-cols")), ("40", "64"));
    assert_eq!((said("x-window-center"), said("x-window-width")), ("40", "400"));
    assert_eq!((said("x-rescale-slope"), said("x-rescale-intercept")), ("1", "-1024"));
    scene.hospital.doctor().get(&format!("{}/pixels?frame=1", scene.file(&made))).await.is(404);
}

#[tokio::test]
async fn what_is_not_taken_is_refused_in_its_own_words_and_leaves_nothing() {
    let scene = Scene::open().await;
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0".to_vec();
    let mut evil = dicom(4, 4);
    evil[..2].copy_from_slice(b"MZ");
    let mut broken = jpeg(64, 64);
    broken.truncate(200);
    let html = b"<html><script>alert(1)</script>".to_vec();
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec();

    for (name, kind, bytes, status, code) in [
        ("photo.jpg", "image/jpeg", elf.clone(), 422, "content_mismatch"),
        ("setup.exe", "application/x-msdownload", elf, 415, "not_accepted"),
        ("ct.dcm", "application/dicom", evil, 422, "content_mismatch"),
        ("photo.jpg", "image/jpeg", broken, 422, "content_mismatch"),
        ("photo.png", "image/png", jpeg(8, 8), 422, "content_mismatch"),
        ("page.jpg", "image/jpeg", html, 422, "content_mismatch"),
        ("picture.pdf", "application/pdf", svg, 422, "content_mismatch"),
        ("empty.txt", "text/plain", Vec::new(), 422, "invalid_field"),
        ("big.txt", "text/plain", vec![b'a'; 2 * 1024 * 1024 + 1], 413, "too_large"),
    ] {
        let refused = scene.attach(name, kind, bytes).await.is(status).json();
        assert_eq!(refused["code"], code, "{name} as {kind}");
    }

    assert_eq!(scene.blobs(), 0);
    assert_eq!(scene.alliance.read_one("SELECT count(*) AS n FROM attachments").await, 0);
}

#[tokio::test]
async fn an_upload_cut_half_way_leaves_neither_row_nor_blob() {
    let scene = Scene::open().await;
    let photo = jpeg(600, 400);
    let half = photo[..photo.len() / 2].to_vec();
    let headers = [
        ("content-type", "image/jpeg".to_owned()),
        ("content-disposition", "attachment; filename*=UTF-8''a.jpg".to_owned()),
        ("idempotency-key", "cut-upload-1".to_owned()),
    ];
    let send = async |length: Option<String>, body: Body| {
        let mut headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.extend(length.as_ref().map(|length| ("content-length", length.as_str())));
        let path = format!("{}/attachments", scene.record);
        scene.clinic.doctor().send(Method::POST, &path, &headers, body).await
    };

    // The line breaks: the stream ends with an error. Then: the body ends early, said to be longer.
    let broken =
        futures_util::stream::iter([Ok(Bytes::from(half.clone())), Err(std::io::Error::other("cut"))]);
    send(None, Body::from_stream(broken)).await.is(400);
    send(
        Some(photo.len().to_string()),
        Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(half))])),
    )
    .await
    .is(400);

    assert_eq!(scene.blobs(), 0);
    assert_eq!(scene.alliance.read_one("SELECT count(*) AS n FROM attachments").await, 0);
    // The same key is free for the whole file.
    send(Some(photo.len().to_string()), Body::from(photo)).await.is(201);
}

#[tokio::test]
async fn the_same_upload_sent_twice_is_one_file() {
    let scene = Scene::open().await;
    let path = format!("{}/attachments", scene.record);
    let headers = [
        ("content-type", "application/pdf"),
        ("content-disposition", "attachment; filename*=UTF-8''a.pdf"),
        ("idempotency-key", "twice-the-same"),
    ];

    let first = scene.clinic.doctor().send(Method::POST, &path, &headers, pdf().into()).await.is(201).json();
    let again = scene.clinic.doctor().send(Method::POST, &path, &headers, pdf().into()).await.is(201).json();
    let other = "主诉".as_bytes().to_vec();
    let text = [("content-type", "text/plain"), headers[1], headers[2]];
    let reused = scene.clinic.doctor().send(Method::POST, &path, &text, other.into()).await.is(422).json();

    assert_eq!(first, again);
    assert_eq!(reused["code"], "idempotency_key_reused");
    assert_eq!(scene.blobs(), 1);
}

#[tokio::test]
async fn strangers_learn_nothing_of_a_file_and_readings_are_journaled() {
    let scene = Scene::open().await;
    let made = scene.attach("a.pdf", "application/pdf", pdf()).await.is(201).json();
    let other = scene.alliance.clinic("Heping").await;

    for door in ["", "/view", "/thumbnail", "/pixels"] {
        let path = format!("{}{door}", scene.file(&made));
        other.doctor().get(&path).await.is(404);
        scene.clinic.admin().get(&path).await.is(403);
        scene.alliance.stranger().get(&path).await.is(401);
    }
    scene.hospital.doctor().get(&scene.file(&made)).await.is(200);

    let journal = scene.alliance.journal_of(scene.record.trim_start_matches("/consults/")).await;
    assert_eq!(journal[journal.len() - 2..], ["attachment.add", "attachment.read"]);
}

#[tokio::test]
async fn taking_a_file_out_ends_the_link_and_sweeping_takes_only_what_no_row_speaks_of() {
    let scene = Scene::open().await;
    let made = scene.attach("a.jpg", "image/jpeg", jpeg(64, 64)).await.is(201).json();
    let orphan = scene.alliance.store.folder().join("files/blobs/ff");
    std::fs::create_dir_all(&orphan).unwrap();
    std::fs::write(orphan.join("ff00orphan"), b"left by a crash").unwrap();
    let before = scene.blobs();

    let swept = attachments::sweep(&scene.alliance.ctx, &scene.alliance.app.files, 0).await.unwrap();

    assert_eq!((swept, scene.blobs()), (1, before - 1));
    scene.hospital.doctor().get(&scene.file(&made)).await.is(200);
    scene.clinic.doctor().delete(&scene.file(&made)).await.is(204);
    scene.hospital.doctor().get(&scene.file(&made)).await.is(404);
    let listed = scene.hospital.doctor().get(&format!("{}/attachments", scene.record)).await.is(200).json();
    assert_eq!(listed["items"], json!([]));
}
