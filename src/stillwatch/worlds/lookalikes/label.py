"""Class names of the truth: every honest look-alike, and the abuse that is not distillation."""

from typing import Final

EVALUATION_HARNESS: Final = "evaluation_harness"
BENCHMARK_DAY: Final = "benchmark_day"
BATCH_LABELLING: Final = "batch_labelling"
RUBRIC_GRADERS: Final = "rubric_graders"
AUDIT_REASONING: Final = "audit_reasoning"
RAG_APP: Final = "rag_app"
BYO_KEY_APP: Final = "byo_key_app"
PUBLIC_TOOL: Final = "public_tool"
PROMPT_PACK: Final = "prompt_pack"
VIRAL_PROMPT: Final = "viral_prompt"
AGGREGATOR: Final = "aggregator"
GATEWAY_ROUTER: Final = "gateway_router"
RESELLER_DISCLOSED: Final = "reseller_disclosed"
CI_AGENTS: Final = "ci_agents"
BACKFILL_MIGRATION: Final = "backfill_migration"
BUSINESS_QUEUE: Final = "business_queue"
CROWD_WORK: Final = "crowd_work"
CORPUS_PIPELINE: Final = "corpus_pipeline"
COURSE_AUTOGRADER: Final = "course_autograder"
KEY_POOL: Final = "key_pool"
AGENT_FLEET: Final = "agent_fleet"
PRIVATE_EVALUATION: Final = "private_evaluation"
CLASSROOM: Final = "classroom"
COURSEWORK_PLATFORM: Final = "coursework_platform"
HACKATHON: Final = "hackathon"
AUTHORISED_DISTILLATION: Final = "authorised_distillation"
SAFETY_RESEARCHER: Final = "safety_researcher"
ENTERPRISE: Final = "enterprise"
FAMILY_OR_SMALL_OFFICE: Final = "family_or_small_office"
CARRIER_NAT: Final = "carrier_nat"
SHARED_CARD_ISSUER: Final = "shared_card_issuer"

RELAY: Final = "relay"
STOLEN_KEYS: Final = "stolen_keys"
TRIAL_FARM: Final = "trial_farm"

LOOKALIKES: Final = (
    EVALUATION_HARNESS,
    BENCHMARK_DAY,
    BATCH_LABELLING,
    RUBRIC_GRADERS,
    AUDIT_REASONING,
    RAG_APP,
    BYO_KEY_APP,
    PUBLIC_TOOL,
    PROMPT_PACK,
    VIRAL_PROMPT,
    AGGREGATOR,
    GATEWAY_ROUTER,
    RESELLER_DISCLOSED,
    CI_AGENTS,
    BACKFILL_MIGRATION,
    BUSINESS_QUEUE,
    CROWD_WORK,
    CORPUS_PIPELINE,
    COURSE_AUTOGRADER,
    KEY_POOL,
    AGENT_FLEET,
    PRIVATE_EVALUATION,
    CLASSROOM,
    COURSEWORK_PLATFORM,
    HACKATHON,
    AUTHORISED_DISTILLATION,
    SAFETY_RESEARCHER,
    ENTERPRISE,
    FAMILY_OR_SMALL_OFFICE,
    CARRIER_NAT,
    SHARED_CARD_ISSUER,
)
OTHER_ABUSE: Final = (RELAY, STOLEN_KEYS, TRIAL_FARM)
