-- The desk, version 1. Times are UTC as 2026-03-01T09:00:00.000000Z; JSON is canonical: sorted keys, no spaces, ASCII.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous TEXT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE snapshot (sha256 TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT;

CREATE TABLE decision (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    campaign_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    undoes INTEGER UNIQUE REFERENCES decision (id),
    snapshot_sha256 TEXT REFERENCES snapshot (sha256),
    audit_seq INTEGER NOT NULL UNIQUE REFERENCES audit (seq)
) STRICT;
CREATE INDEX decision_by_campaign ON decision (campaign_id, id);

CREATE TABLE proposal (
    id TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    audit_seq INTEGER NOT NULL UNIQUE REFERENCES audit (seq)
) STRICT;

CREATE TABLE proposal_event (
    id INTEGER PRIMARY KEY,
    proposal_id TEXT NOT NULL REFERENCES proposal (id),
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    audit_seq INTEGER NOT NULL UNIQUE REFERENCES audit (seq)
) STRICT;

CREATE TABLE person (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('analyst', 'approver', 'auditor')),
    password_hash TEXT,
    subject TEXT UNIQUE,
    created_at TEXT NOT NULL,
    is_disabled INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE session (
    token_sha256 TEXT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (name),
    csrf TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seen_at TEXT NOT NULL
) STRICT;

CREATE TABLE attempt (at TEXT NOT NULL, bucket TEXT NOT NULL) STRICT;
CREATE INDEX attempt_by_bucket ON attempt (bucket, at);

CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
