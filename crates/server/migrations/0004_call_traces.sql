-- What went over the wire for a call: its legs with their media figures, and its SIP messages, as JSON.

CREATE TABLE call_traces (
    call_id BIGINT PRIMARY KEY NOT NULL,
    started_at BIGINT NOT NULL,
    legs TEXT NOT NULL,
    lines TEXT NOT NULL,
    lost BIGINT NOT NULL
);
