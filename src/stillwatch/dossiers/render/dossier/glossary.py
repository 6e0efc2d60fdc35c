"""The words of a dossier that its reader may not know, in the order in which they are met."""

from typing import Final

GLOSSARY: Final = {
    "Exchange": "one request to a model, with its answer.",
    "Slice": "the exchanges of these accounts that belong to the campaign; the rest of their traffic is their own.",
    "Template, or family": "requests that share their wording, with places that are filled in.",
    "Work list": "one list of tasks that is dealt out over accounts.",
    "Matched controls": "groups of other accounts with as much traffic, drawn at random. What they show too is no sign of anything.",
    "Posterior": "how probable an explanation is among those listed, given what was seen. Prior: the same before anything was seen.",
    "Bits": "the weight of evidence. Each bit doubles the odds; ten make them a thousand times higher.",
    "p": "how often chance alone would show as much. q: the same, allowing for all groups that were looked at.",
    "Interval": "where a number could lie as well: over other accounts of the same kind or, for a posterior, over other weights.",
}
