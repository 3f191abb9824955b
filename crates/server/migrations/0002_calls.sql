-- What happened: written behind by one writer, whole rows.

CREATE TABLE customers (
    id BIGINT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    phone_numbers TEXT NOT NULL,
    alias TEXT NOT NULL,
    language TEXT NOT NULL,
    is_lead BIGINT NOT NULL,
    blocked BIGINT NOT NULL,
    profile TEXT NOT NULL DEFAULT '{}',
    created_at BIGINT NOT NULL
);

CREATE TABLE customer_numbers (
    e164 TEXT PRIMARY KEY NOT NULL,
    customer_id BIGINT NOT NULL
);
CREATE INDEX customer_numbers_customer ON customer_numbers (customer_id);

CREATE TABLE conversations (
    id BIGINT PRIMARY KEY NOT NULL,
    state TEXT NOT NULL,
    customer_id BIGINT NOT NULL,
    number_id BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    assignee_id BIGINT NOT NULL,
    missed_reason TEXT NOT NULL,
    tags TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_activity_at BIGINT NOT NULL,
    closed_at BIGINT NOT NULL
);
CREATE INDEX conversations_activity ON conversations (last_activity_at, id);
CREATE INDEX conversations_state ON conversations (state, last_activity_at, id);
CREATE INDEX conversations_customer ON conversations (customer_id, last_activity_at);

CREATE TABLE calls (
    id BIGINT PRIMARY KEY NOT NULL,
    direction TEXT NOT NULL,
    state TEXT NOT NULL,
    caller TEXT NOT NULL,
    called TEXT NOT NULL,
    number_id BIGINT NOT NULL,
    customer_id BIGINT NOT NULL,
    conversation_id BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ringing_at BIGINT NOT NULL,
    engaged_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    missed_reason TEXT NOT NULL,
    failure TEXT NOT NULL,
    manager_ids TEXT NOT NULL,
    answered_by BIGINT NOT NULL,
    device TEXT NOT NULL,
    held BIGINT NOT NULL,
    keys TEXT NOT NULL,
    trace TEXT NOT NULL,
    recording TEXT NOT NULL,
    recording_seconds BIGINT NOT NULL
);
CREATE INDEX calls_conversation ON calls (conversation_id, id);
CREATE INDEX calls_customer ON calls (customer_id, id);
CREATE INDEX calls_state ON calls (state, id);

CREATE TABLE entries (
    id BIGINT PRIMARY KEY NOT NULL,
    conversation_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    at BIGINT NOT NULL,
    by_manager_id BIGINT NOT NULL
);
CREATE INDEX entries_conversation ON entries (conversation_id, id);

CREATE TABLE notes (
    id BIGINT PRIMARY KEY NOT NULL,
    conversation_id BIGINT NOT NULL,
    manager_id BIGINT NOT NULL,
    text TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX notes_conversation ON notes (conversation_id, id);

CREATE TABLE operator_statuses (
    manager_id BIGINT PRIMARY KEY NOT NULL,
    status TEXT NOT NULL,
    since BIGINT NOT NULL
);
