"""What is asked for in public of such a finding: statutory factors, the advisory's indicators, techniques of ATLAS.

Source: H.R. 8283 (119th Congress) section 3(11); joint advisory AA26-251A (CISA, NSA and FBI, 8 September 2026), as quoted
in public; MITRE ATLAS 5.6, case study AML.CS0056.
"""

from dataclasses import dataclass
from typing import Final

BILL: Final = "H.R. 8283 section 3(11)"
ADVISORY: Final = "AA26-251A"
ATLAS: Final = "MITRE ATLAS"


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that is asked for.

    Args:
        framework: where.
        id: its number or identifier there.
        title: in its words, shortened.
        observations: what is measured of it; more is more of it.
        never: why it cannot be observed from a case at all, or empty.
        special: the name of a rule of its own, or empty.
    """

    framework: str
    id: str
    title: str
    observations: tuple[str, ...] = ()
    never: str = ""
    special: str = ""


COORDINATION: Final = ("work_list_coordination", "identity_coordination", "rhythm_coordination")

ASKED: Final = (
    Asked(BILL, "(B)(i)", "volume, structure, pattern, coordination, or timing",
          (*COORDINATION, "widest_family", "alone_share", "around_the_clock", "requests_per_active_day")),
    Asked(BILL, "(B)(ii)", "concentration of queries on specific model capabilities",
          ("capability_focus", "trainable_share", "cue_reasoning_trace", "thinking_tags")),
    Asked(BILL, "(B)(iii)", "use of multiple accounts in a coordinated manner",
          (*COORDINATION, "identity_reuse", "sign_up_burst")),
    Asked(BILL, "(B)(iv)", "correlation of querying activity with the development timeline of another AI model",
          (), special="development"),
    Asked(BILL, "(A)(i)", "circumventing access controls, identity verification or geographic limits", (),
          never="What a control was, and whether it was circumvented, is not in a log of requests; geography is never "
          "looked at by detection."),
    Asked(BILL, "(A)(ii)", "fraudulent, misrepresented or unauthorised credentials", ("taken_over_share",), special="credentials"),
    Asked(BILL, "(A)(iii)", "violating terms that specifically prohibit such use", (),
          never="The terms and what the account's holder agreed to are for the provider's counsel."),
    Asked(BILL, "(C)", "excluded: compliance with terms, a permitted exception, or express authorisation", (),
          special="authorised"),
    Asked(ADVISORY, "1", "anomalous subscription-to-usage ratio", (), special="subscription"),
    Asked(ADVISORY, "2", "new subscriptions at maximum usage at once, without a ramp", ("no_ramp",)),
    Asked(ADVISORY, "3", "enterprise-scale throughput on other accounts", ("requests_per_active_day",)),
    Asked(ADVISORY, "4", "one account from many addresses or user agents", ("addresses_per_account",)),
    Asked(ADVISORY, "5", "sustained use around the clock without idle periods", ("around_the_clock",)),
    Asked(ADVISORY, "6", "aggregators that obfuscate user metadata", (), special="aggregator"),
    Asked(ADVISORY, "7", "organisational identifiers removed automatically", (),
          never="A log does not show what was removed before it."),
    Asked(ADVISORY, "8", "bulk premium subscriptions that hide a country of origin, shared across teams", (),
          never="Country is never looked at by detection; who sits behind an account is not in a log."),
    Asked(ADVISORY, "9", "failover between pathways during blocking", ("work_list_coordination",), special="failover"),
    Asked(ADVISORY, "10", "identical prompt texts", ("widest_family", "one_system_prompt")),
    Asked(ADVISORY, "11", "pooling with shared payment and consistent metadata",
          ("identity_reuse", "identity_coordination", "one_client_share")),
    Asked(ADVISORY, "12", "prompts that trick the model's identity or safeguards", ("cue_false_authority",)),
    Asked(ADVISORY, "13", "harnesses that detect defences", ("cue_identity_probe",)),
    Asked(ADVISORY, "14", "day-one retargeting to a new model", ("pivot_share",)),
    Asked(ATLAS, "AML.T0024.002", "Extract AI Model",
          ("thinking_tags", "cue_reasoning_trace", "cue_rubric_grading", "cue_task_writing", "trainable_share")),
    Asked(ATLAS, "AML.T0040", "AI Model Inference API Access", (), special="api"),
    Asked(ATLAS, "AML.T0034.000", "Excessive Queries", ("requests_per_active_day", "around_the_clock")),
    Asked(ATLAS, "AML.T0065", "LLM Prompt Crafting", ("cue_reasoning_trace", "cue_false_authority", "widest_family")),
    Asked(ATLAS, "AML.T0021", "Establish Accounts", ("sign_up_burst", "young_share", "identity_reuse")),
    Asked(ATLAS, "AML.T0012", "Valid Accounts", ("taken_over_share",)),
    Asked(ATLAS, "AML.T0008.005", "AI Service Proxies", (), special="aggregator"),
    Asked(ATLAS, "AML.T0048.004", "External Harms: AI Intellectual Property Theft", (),
          never="Whether a model was trained on what was taken is not visible to the provider's log."),
)  # fmt: skip
