-- Columns are TEXT, BIGINT and BLOB with 0/1 integers, so that one set of queries runs on SQLite and PostgreSQL.
-- Ids are pbx's 64-bit identifiers; times are Unix milliseconds, 0 is never; `fields` is the editable part as JSON.

CREATE TABLE workspace (
    id BIGINT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    seed_made_at BIGINT NOT NULL,
    alive_at BIGINT NOT NULL
);

CREATE TABLE hours (
    id BIGINT PRIMARY KEY NOT NULL,
    fields TEXT NOT NULL
);

CREATE TABLE carriers (
    id BIGINT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    fields TEXT NOT NULL
);

CREATE TABLE teams (
    id BIGINT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    hours_id BIGINT NOT NULL
);

CREATE TABLE managers (
    id BIGINT PRIMARY KEY NOT NULL,
    email TEXT NOT NULL,
    fields TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    deleted_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX managers_email ON managers (email) WHERE deleted_at = 0;

CREATE TABLE workflows (
    id BIGINT PRIMARY KEY NOT NULL,
    state TEXT NOT NULL,
    fields TEXT NOT NULL,
    latest_revision_id BIGINT NOT NULL,
    deleted_at BIGINT NOT NULL
);

CREATE TABLE revisions (
    id BIGINT PRIMARY KEY NOT NULL,
    workflow_id BIGINT NOT NULL,
    published_at BIGINT NOT NULL,
    content TEXT NOT NULL
);
CREATE INDEX revisions_workflow ON revisions (workflow_id, id);

CREATE TABLE numbers (
    id BIGINT PRIMARY KEY NOT NULL,
    e164 TEXT NOT NULL,
    carrier_id BIGINT NOT NULL,
    fields TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    released_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX numbers_e164 ON numbers (e164) WHERE released_at = 0;

CREATE TABLE phones (
    id BIGINT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    manager_id BIGINT NOT NULL,
    device_address TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL
);

CREATE TABLE sessions (
    token_hash BLOB PRIMARY KEY NOT NULL,
    manager_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_manager ON sessions (manager_id);

CREATE TABLE idempotency (
    key_hash BLOB PRIMARY KEY NOT NULL,
    request_hash BLOB NOT NULL,
    status BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    body BLOB NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX idempotency_created ON idempotency (created_at);
