"""People who share an identifier honestly: a firm, a household, a carrier's gateway, a card issuer."""

from dataclasses import dataclass

import numpy as np

from stillwatch.worlds.account import Contribution, Ground, actor
from stillwatch.worlds.lookalikes.label import CARRIER_NAT, ENTERPRISE, FAMILY_OR_SMALL_OFFICE, SHARED_CARD_ISSUER
from stillwatch.worlds.lookalikes.scene import Scene
from stillwatch.worlds.templates import fill


@actor(ENTERPRISE)
@dataclass(frozen=True)
class Enterprise:
    """A verified organisation: many accounts, one proxy, invoices, an internal template that everybody uses."""

    instances: int = 2
    n_staff: int = 60
    per_day: float = 3.0

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the organisations and their staff's work."""
        scene = Scene(ground, rng, ENTERPRISE)
        for _ in range(self.instances):
            scene.regroup()
            size = max(8, int(self.n_staff * scene.draw.lognormvariate(0, 0.4)))
            staff = scene.staff(size, role="staff")
            proxy = scene.address("corporate")
            name = scene.account(staff[0]).organisation_name or "Firm"
            wording = fill(scene.pack.wording("enterprise_template", scene.draw), company=name)
            client = scene.app_client()
            for account in staff:
                scene.amend(account, addresses=(proxy, *scene.account(account).addresses))
                (times,) = scene.times([scene.rhythm(account, "office")], [scene.volume(self.per_day)])
                for at_s in times:
                    notes = scene.words.passage(scene.draw, scene.account(account).language, scene.draw.randint(2, 10))
                    scene.say(account, float(at_s), fill(wording, task=notes), client=client)
                scene.own_life(account, scene.volume(0.8))
        return scene.out


@actor(FAMILY_OR_SMALL_OFFICE)
@dataclass(frozen=True)
class FamilyOrSmallOffice:
    """Two to six people with one line, one card and sometimes one computer; each talks of other things."""

    instances: int = 25

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the households and their members' own lives."""
        scene = Scene(ground, rng, FAMILY_OR_SMALL_OFFICE)
        for _ in range(self.instances):
            scene.regroup()
            head = ground.identities.person(rng)
            home = {
                "declared_country": head.declared_country,
                "utc_offset_h": head.utc_offset_h,
                "language": head.language,
                "payment_kind": head.payment_kind or "card",
                "payment_fingerprint": head.payment_fingerprint or ground.identities.fingerprint(rng),
            }
            shares_device = scene.draw.random() < 0.4
            for _ in range(scene.draw.randint(2, 6)):
                member = scene.person("member", **home)
                addresses = (head.addresses[0], *scene.account(member).addresses[1:])
                device = {"device_fingerprint": head.device_fingerprint} if shares_device else {}
                scene.amend(member, addresses=addresses, **device)
                scene.own_life(member)
        return scene.out


@actor(CARRIER_NAT)
@dataclass(frozen=True)
class CarrierNat:
    """Hundreds of unrelated subscribers or hotel guests who leave by the same one or two addresses."""

    instances: int = 1
    n_users: int = 250

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return the users and their own lives behind the gateway."""
        scene = Scene(ground, rng, CARRIER_NAT)
        for _ in range(self.instances):
            scene.regroup()
            country = ground.identities.person(rng)
            code = country.declared_country
            exits = [scene.address("mobile", code) for _ in range(scene.draw.randint(1, 2))]
            known = {"declared_country": code, "utc_offset_h": country.utc_offset_h, "language": country.language}
            for _ in range(self.n_users):
                user = scene.person("subscriber", platform="console", **known)
                scene.amend(user, addresses=(scene.draw.choice(exits), *scene.account(user).addresses[:1]))
                scene.own_life(user)
        return scene.out


@actor(SHARED_CARD_ISSUER)
@dataclass(frozen=True)
class SharedCardIssuer:
    """Strangers whose virtual cards come from one issuer that now and then reuses a number."""

    instances: int = 8

    def build(self, ground: Ground, rng: np.random.Generator) -> Contribution:
        """Return small sets of strangers with one payment fingerprint each."""
        scene = Scene(ground, rng, SHARED_CARD_ISSUER)
        for _ in range(self.instances):
            scene.regroup()
            card = {"payment_kind": "virtual_card", "payment_fingerprint": ground.identities.fingerprint(rng)}
            for _ in range(scene.draw.randint(2, 5)):
                scene.own_life(scene.person("cardholder", **card))
        return scene.out
