//! Doors: a route and what is said of it, in one breath.
//!
//! A room lists its doors here instead of handing routes to a bare router. The document at
//! `/api/openapi.json` is made from the same list, so it can neither name an address that is
//! not there nor leave one out.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Extension, Router,
    handler::Handler,
    http::Method,
    routing::{MethodFilter, on},
};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::codes::{self, Code};

/// Named shapes of the document, by name.
pub type Shapes = BTreeMap<String, Value>;

/// What a door wants of a token: told to whoever looks at the caller, with the request.
#[derive(Debug, Clone)]
pub struct Scope(pub Option<String>);

/// What is said of one door.
#[derive(Debug, Clone)]
pub struct Door {
    /// Its name among all operations.
    id: String,
    says: String,
    parts: BTreeMap<&'static str, Value>,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: BTreeMap<u16, Value>,
    refusals: BTreeSet<&'static str>,
    is_open: bool,
    people_only: bool,
    shapes: Shapes,
}

impl Door {
    /// A door by its operation's name, and what stands behind it in one sentence.
    pub fn new(id: impl Into<String>, says: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            says: says.into(),
            parts: BTreeMap::new(),
            parameters: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
            refusals: BTreeSet::from([codes::INTERNAL.word, codes::UNAVAILABLE.word]),
            is_open: false,
            people_only: false,
            shapes: Shapes::new(),
        }
    }

    /// Nobody need be signed in.
    pub fn open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// Meant for a person before a screen, not for another program.
    pub fn people_only(mut self) -> Self {
        self.people_only = true;
        self
    }

    /// The part `{name}` of the address has this shape; any text if not said.
    pub fn part<T: ToSchema>(mut self, name: &'static str) -> Self {
        let shape = self.shape::<T>();
        self.parts.insert(name, shape);
        self
    }

    /// Takes a JSON body of this shape.
    pub fn takes<T: ToSchema>(mut self) -> Self {
        let schema = self.shape::<T>();
        self.body = Some(json!({
            "required": true,
            "content": { "application/json": { "schema": schema } }
        }));
        self.refuses(&[&codes::BAD_JSON, &codes::BAD_REQUEST, &codes::TOO_LARGE, &codes::INVALID_FIELD])
    }

    /// Takes a body of bytes, of one of these media types.
    pub fn takes_bytes(mut self, kinds: &[&str]) -> Self {
        let content: serde_json::Map<_, _> =
            kinds.iter().map(|kind| ((*kind).to_owned(), json!({}))).collect();
        self.body = Some(json!({ "required": true, "content": content }));
        self.refuses(&[&codes::BAD_REQUEST, &codes::TOO_LARGE])
    }

    /// Takes these members behind the question mark.
    pub fn query<T: ToSchema>(mut self) -> Self {
        let schema = json_of(&T::schema());
        let mut shapes = Vec::new();
        T::schemas(&mut shapes);
        self.keep(shapes);
        let required =
            |name: &str| schema["required"].as_array().is_some_and(|list| list.iter().any(|one| one == name));
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let mut member = without_null(member);
            let description = member.as_object_mut().and_then(|member| member.remove("description"));
            let mut parameter =
                json!({ "name": name, "in": "query", "required": required(name), "schema": member });
            if let Some(description) = description {
                parameter["description"] = description;
            }
            self.parameters.push(parameter);
        }
        self.refuses(&[&codes::BAD_REQUEST, &codes::INVALID_FIELD])
    }

    /// Takes a header besides those that come with [`Self::once`] and [`Self::seen`].
    pub fn header(mut self, name: &str, says: &str, is_required: bool) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "header", "required": is_required,
            "description": says, "schema": { "type": "string" }
        }));
        self
    }

    /// Needs an `Idempotency-Key`: sent again, it is answered again and done once.
    pub fn once(mut self) -> Self {
        self.parameters.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
        self.refuses(&[
            &codes::IDEMPOTENCY_KEY_MISSING,
            &codes::IDEMPOTENCY_KEY_REUSED,
            &codes::IN_FLIGHT,
            &codes::SOMEONE_WAS_FASTER,
        ])
    }

    /// Needs `If-Match` with the version that was seen.
    pub fn seen(mut self) -> Self {
        self.parameters.push(json!({ "$ref": "#/components/parameters/IfMatch" }));
        self.refuses(&[&codes::IF_MATCH_MISSING, &codes::STALE, &codes::SOMEONE_WAS_FASTER])
    }

    /// Answers with JSON of this shape.
    pub fn answers<T: ToSchema>(mut self, status: u16) -> Self {
        let schema = self.shape::<T>();
        self.answer(status, json!({ "application/json": { "schema": schema } }), &[])
    }

    /// Answers with a record of this shape and its version as `ETag`.
    pub fn answers_record<T: ToSchema>(mut self, status: u16) -> Self {
        let schema = self.shape::<T>();
        self.answer(status, json!({ "application/json": { "schema": schema } }), &["ETag"])
    }

    /// Answers with a list of records of this shape, whole on one page or page by page.
    pub fn answers_list<T: ToSchema>(mut self) -> Self {
        let item = self.shape::<T>();
        self.answer(200, json!({ "application/json": { "schema": page_of(item) } }), &[])
    }

    /// A list that is handed out page by page: takes `limit` and `cursor`.
    pub fn answers_pages<T: ToSchema>(self) -> Self {
        self.paged().answers_list::<T>()
    }

    /// Is handed out page by page in an answer of its own shape: takes `limit` and `cursor`.
    pub fn paged(mut self) -> Self {
        for name in ["Limit", "Cursor"] {
            self.parameters.push(json!({ "$ref": format!("#/components/parameters/{name}") }));
        }
        self.refuses(&[&codes::BAD_REQUEST, &codes::INVALID_FIELD])
    }

    /// Answers with nothing.
    pub fn answers_nothing(self, status: u16) -> Self {
        self.answer(status, Value::Null, &[])
    }

    /// Answers with bytes of one of these media types.
    pub fn answers_bytes(self, status: u16, kinds: &[&str], headers: &[&str]) -> Self {
        let content: serde_json::Map<_, _> =
            kinds.iter().map(|kind| ((*kind).to_owned(), json!({}))).collect();
        self.answer(status, Value::Object(content), headers)
    }

    /// May be refused like this, besides what any door of its kind may answer.
    pub fn refuses(mut self, codes: &[&'static Code]) -> Self {
        self.refusals.extend(codes.iter().map(|code| code.word));
        self
    }

    fn answer(mut self, status: u16, content: Value, headers: &[&str]) -> Self {
        let mut answer = json!({ "description": reason(status) });
        if !content.is_null() {
            answer["content"] = content;
        }
        for name in headers {
            answer["headers"][*name] = json!({ "schema": { "type": "string" } });
        }
        self.answers.insert(status, answer);
        self
    }

    /// The shape of `T`, as a reference to its name; named shapes are kept.
    fn shape<T: ToSchema>(&mut self) -> Value {
        let mut shapes = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut shapes);
        self.keep(shapes);
        json!({ "$ref": format!("#/components/schemas/{}", T::name()) })
    }

    fn keep(&mut self, shapes: Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        let shapes = shapes.into_iter().map(|(name, schema)| (name, json_of(&schema))).collect();
        add_shapes(&mut self.shapes, shapes);
    }

    /// What a token must be allowed to pass here; nothing where none passes.
    fn scope(&self, room: &str, method: &Method) -> Option<String> {
        let verb = if *method == Method::GET { "read" } else { "write" };
        (!self.is_open && !self.people_only).then(|| format!("{verb}:{room}"))
    }

    /// The operation as the document has it.
    fn operation(&self, room: &str, path: &str, method: &Method) -> Value {
        let mut refusals = self.refusals.clone();
        let mut parameters: Vec<Value> = names_in(path)
            .map(|name| {
                let any = json!({ "type": "string" });
                let schema = self.parts.get(name).cloned().unwrap_or(any);
                json!({ "name": name, "in": "path", "required": true, "schema": schema })
            })
            .collect();
        if !parameters.is_empty() {
            refusals.insert(codes::NOT_FOUND.word);
        }
        parameters.extend(self.parameters.iter().cloned());
        if *method != Method::GET {
            parameters.push(json!({ "$ref": "#/components/parameters/XCauseway" }));
            refusals.insert(codes::WRONG_ORIGIN.word);
        }
        if !self.is_open {
            refusals.extend([
                codes::NOT_SIGNED_IN.word,
                codes::FORBIDDEN.word,
                codes::NO_SCOPE.word,
                codes::SLOW_DOWN.word,
            ]);
        }
        let mut responses: serde_json::Map<_, _> =
            self.answers.iter().map(|(status, answer)| (status.to_string(), answer.clone())).collect();
        responses.extend(problems(&refusals));
        let mut operation = json!({
            "operationId": self.id, "summary": self.says, "tags": [room],
            "parameters": parameters, "responses": responses,
        });
        if let Some(body) = &self.body {
            operation["requestBody"] = body.clone();
        }
        if self.people_only {
            operation["x-people-only"] = true.into();
        }
        operation["security"] = match self.scope(room, method) {
            Some(scope) => json!([{ "session": [] }, { "token": [scope] }]),
            None if self.is_open => json!([]),
            None => json!([{ "session": [] }]),
        };
        operation
    }
}

/// The routes of a room, or of several, with what is said of them.
pub struct Doors<S> {
    room: &'static str,
    router: Router<S>,
    paths: BTreeMap<String, BTreeMap<String, Value>>,
    shapes: Shapes,
}

impl<S: Clone + Send + Sync + 'static> Doors<S> {
    /// No doors yet; `room` is the heading under which the document lists them.
    pub fn of(room: &'static str) -> Self {
        Self { room, router: Router::new(), paths: BTreeMap::new(), shapes: Shapes::new() }
    }

    /// `GET path`
    pub fn get<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H, door: Door) -> Self {
        self.add(Method::GET, path, handler, door)
    }

    /// `POST path`
    pub fn post<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H, door: Door) -> Self {
        self.add(Method::POST, path, handler, door)
    }

    /// `PUT path`
    pub fn put<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H, door: Door) -> Self {
        self.add(Method::PUT, path, handler, door)
    }

    /// `PATCH path`
    pub fn patch<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H, door: Door) -> Self {
        self.add(Method::PATCH, path, handler, door)
    }

    /// `DELETE path`
    pub fn delete<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H, door: Door) -> Self {
        self.add(Method::DELETE, path, handler, door)
    }

    fn add<H: Handler<T, S>, T: 'static>(
        mut self,
        method: Method,
        path: &str,
        handler: H,
        door: Door,
    ) -> Self {
        let filter = MethodFilter::try_from(method.clone()).expect("a method that routers know");
        let scope = Extension(Scope(door.scope(self.room, &method)));
        self.router = self.router.route(path, on(filter, handler).layer(scope));
        let operation = door.operation(self.room, path, &method);
        let word = method.as_str().to_lowercase();
        self.paths.entry(path.to_owned()).or_default().insert(word, operation);
        add_shapes(&mut self.shapes, door.shapes);
        self
    }

    /// These doors and those.
    pub fn and(mut self, others: Self) -> Self {
        self.router = self.router.merge(others.router);
        for (path, operations) in others.paths {
            self.paths.entry(path).or_default().extend(operations);
        }
        add_shapes(&mut self.shapes, others.shapes);
        self
    }

    /// The routes, the operations by path and method, and the named shapes.
    pub fn open(self) -> (Router<S>, BTreeMap<String, BTreeMap<String, Value>>, Shapes) {
        (self.router, self.paths, self.shapes)
    }
}

/// Two shapes of one name would describe one of them wrongly: seen at the first start.
fn add_shapes(shapes: &mut Shapes, more: Shapes) {
    for (name, schema) in more {
        if let Some(other) = shapes.get(&name) {
            assert!(*other == schema, "two shapes are called {name}");
        }
        shapes.insert(name, schema);
    }
}

/// `{id}` and `{file}` of `/x/{id}/y/{file}`.
fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

/// One answer for each status, naming the codes it may carry.
fn problems(words: &BTreeSet<&'static str>) -> BTreeMap<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in codes::ALL.iter().filter(|code| words.contains(code.word)) {
        by_status.entry(code.status.as_u16()).or_default().push(code.word);
    }
    by_status
        .into_iter()
        .map(|(status, words)| {
            let schema = json!({ "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "type": "object", "properties": { "code": { "enum": words } } },
            ] });
            let answer = json!({
                "description": words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
                "content": { "application/problem+json": { "schema": schema } },
            });
            (status.to_string(), answer)
        })
        .collect()
}

fn page_of(item: Value) -> Value {
    json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": { "type": "array", "items": item },
            "next": { "type": ["string", "null"], "description": "The cursor of the next page, if there is one." },
        }
    })
}

fn reason(status: u16) -> &'static str {
    match status {
        201 => "Made.",
        204 => "Done; nothing to show.",
        206 => "The range that was asked for.",
        304 => "As you know it.",
        416 => "There is no such range.",
        101 => "The socket is open.",
        _ => "Done.",
    }
}

fn json_of(schema: &utoipa::openapi::RefOr<utoipa::openapi::Schema>) -> Value {
    serde_json::to_value(schema).expect("a schema is JSON")
}

/// A member behind the question mark is there or is not: it is never null.
fn without_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(kinds) = schema["type"].as_array() {
        if let Some(kind) = kinds.iter().find(|kind| *kind != "null").cloned() {
            schema["type"] = kind;
        }
        return schema;
    }
    if let Some(one) = schema["oneOf"].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null"))
    {
        let mut one = one.clone();
        if let (Some(one), Some(description)) = (one.as_object_mut(), schema.get("description")) {
            one.insert("description".into(), description.clone());
        }
        return one;
    }
    schema
}
