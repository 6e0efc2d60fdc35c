"""What honest traffic shows the same: every observation has an honest explanation, and none decides alone."""

from collections.abc import Mapping
from typing import Final

from stillwatch.assessments.indicator import PUBLISHED

INNOCENT: Final[Mapping[str, str]] = {
    **{item.observation: item.innocent_reading for item in PUBLISHED},
    "cue_rubric_grading": "Teachers and quality teams grade against rubrics.",
    "cue_task_writing": "Authors of courses and test banks write tasks.",
    "cue_censorship_rewrite": "Publishers adapt texts to local rules.",
    "thinking_tags": "Builders of agents and auditors ask for thinking in tags.",
    "trainable_share": "Code, mathematics and analysis are what most people use a model for.",
    "own_subjects": "Customers of one application share its subject.",
    "rest_subjects": "Accounts with little other traffic have no subjects to show.",
    "shared_subject": "A class, a team or an application has one subject.",
    "replica_share": "Evaluations and retries send an item again.",
    "widest_family": "Users of one application or public prompt send one template.",
    "favourites": "A router spreads requests evenly too.",
    "one_tool_set": "A framework brings its tools to everyone who uses it.",
    "short_output_share": "Labelling wants short answers.",
    "median_output_tokens": "Writers and programmers want long answers.",
    "tool_share": "Agents use tools.",
    "later_turn_share": "Programs send single requests, whatever they are for.",
    "mixed_talk": "Programs send one kind of request, whatever they are for.",
    "end_user_share": "Most customers have no end users to disclose.",
    "slice_share": "An account made for one application sends nothing else.",
    "one_organisation": "A firm has many accounts.",
    "verified_share": "Most small customers were never verified.",
    "education_share": "Schools and students come by it.",
    "one_referrer": "A newsletter or a course refers its readers.",
    "one_email_domain": "Most people use one of a few mail services.",
    "free_share": "Most who try a product pay nothing.",
    "one_address_share": "Offices, schools and mobile networks share addresses.",
    "one_client_share": "A popular library is one client.",
    "active_days": "Regular customers are active every day.",
    "young_share": "A growing service has mostly new accounts.",
    "two_day_share": "A deadline or an event gathers traffic.",
    "alone_share": "Scheduled jobs send single requests.",
    "uneven_parts": "A balancer, or one kind of job, evens out what accounts send.",
    "taken_over_share": "People move, and come back after a pause.",
    "foreign_share": "Travellers and new offices bring new addresses.",
    "banned_share": "Accounts are banned for other reasons.",
    "identity_coordination": "Households, firms and resellers share cards, devices and addresses.",
    "rhythm_coordination": "Classes, events and roll-outs begin and end together.",
    "work_list_coordination": "A customer's own router sends a failed request again by another account.",
    "registered_share": "Who needs no authorisation is not in the registry.",
}
