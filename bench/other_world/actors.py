"""Who lives in the second world: look-alikes and campaigns, under other assumptions than the package's own."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from traffic import DAYS, REQUESTS, START, Account, World

TOOLS: Final = ("read_file", "write_file", "run", "grep")


def prompt_pack(world: World) -> None:
    """People who bought one pack of prompts, each with favourites."""
    pack = [world.template(world.draw.randint(2, 4)) for _ in range(40)]
    for _ in range(60):
        account = Account(world, "prompt_pack")
        world.live(account, world.draw.randint(5, 40))
        favourites = world.draw.sample(pack, world.draw.randint(1, 6))
        for _ in range(world.draw.randint(3, 40)):
            world.say(account, world.when(account), world.draw.choice(favourites).format(world.about(account, 1)))


def application(world: World, n: int) -> None:
    """Customers of one application, each with a key and subjects of its own."""
    system, template = world.sentences(6), world.template(2)
    for _ in range(n):
        account = Account(world, "application", client="QuickNote/2.1")
        world.live(account, world.draw.choice((0, 0, 5, 20)))
        for _ in range(max(1, int(world.draw.lognormvariate(2.3, 1)))):
            at, talk = world.when(account), world.token()
            for turn in range(world.draw.choice((1, 1, 2, 3))):
                prompt = world.about(account, 1) if turn else template.format(world.about(account, 1))
                world.say(account, at, prompt, system_prompt=system, conversation_id=talk, turn=turn)
                at += timedelta(seconds=90)


def coding_tool(world: World) -> None:
    """Users of one coding tool: a long system prompt, tools, talks of many turns."""
    system = world.sentences(25)
    for _ in range(200):
        account = Account(world, "coding_tool", client="devpal/1.9")
        world.live(account, world.draw.choice((0, 3, 10)))
        for _ in range(world.draw.randint(1, 10)):
            at, talk = world.when(account), world.token()
            for turn in range(world.draw.randint(2, 12)):
                prompt = world.draw.choice(REQUESTS).format(world.about(account, 1))
                fields = {"system_prompt": system, "conversation_id": talk, "tool_names": world.draw.sample(TOOLS, 2)}
                world.say(account, at, prompt, turn=turn, **fields)
                at += timedelta(seconds=world.draw.uniform(5, 60))


def classroom(world: World) -> None:
    """A course: one assignment after another, the campus's addresses, sign-ups within days."""
    tasks = [world.sentences(world.draw.randint(2, 4)) for _ in range(12)]
    campus = [world.address(), world.address()]
    for _ in range(80):
        created = START - timedelta(days=3) + timedelta(hours=world.draw.gauss(0, 20))
        known = {"created_at": created, "email_domain": "uni.example", "addresses": [*campus, world.address()]}
        account = Account(world, "classroom", zone_h=-5, **known)
        world.live(account, world.draw.randint(2, 15))
        for i, task in enumerate(tasks):
            if world.draw.random() < 0.8:
                day = min(DAYS - 1, i * DAYS // 12 + world.draw.randint(0, 1))
                prompt = world.draw.choice(("", "Homework: ", "pls solve ")) + task
                world.say(account, world.when(account, day=day), prompt)


def hackathon(world: World) -> None:
    """Two days, one hall, one starter kit."""
    hall, kit = [world.address()], world.sentences(2)
    for _ in range(45):
        created = START + timedelta(days=9, hours=world.draw.random() * 6)
        account = Account(world, "hackathon", zone_h=0, created_at=created, addresses=hall, referrer_id="hack26")
        for _ in range(world.draw.randint(20, 80)):
            at = START + timedelta(days=world.draw.choice((9, 10)), hours=8 + world.draw.random() * 15)
            prompt = (
                f"{world.draw.choice((f'{kit} ', ''))}{world.draw.choice(REQUESTS).format(world.about(account, 1))}"
            )
            world.say(account, at, prompt)


def evaluation(world: World) -> None:
    """Laboratories that each run one public benchmark."""
    items, prefix = world.items(25, 300), world.sentences(3)
    for _ in range(9):
        account = Account(world, "evaluation", client="lm-eval/0.4")
        at = world.when(account, is_human=False)
        for item in items:
            world.say(account, at, f"{prefix} {item} Answer:", temperature=0.0)
            at += timedelta(seconds=world.draw.uniform(1, 4))
        world.live(account, world.draw.randint(0, 60))


def review_bot(world: World) -> None:
    """Projects that let one public action review each commit."""
    system, template = world.sentences(4), world.template(2)
    for _ in range(35):
        runners = [world.address() for _ in range(12)]
        account = Account(world, "review_bot", client="review-action/3", addresses=runners)
        for _ in range(world.draw.randint(20, 150)):
            prompt = template.format(world.about(account, 3))
            world.say(account, world.when(account), prompt, system_prompt=system)


def relay(world: World) -> None:
    """A reseller's pool, few cards and lines, three hundred people's questions: abuse, but not distillation."""
    addresses, cards = [world.address() for _ in range(12)], [world.token() for _ in range(6)]
    customers = [[world.draw.choice(world.documents) for _ in range(2)] for _ in range(300)]
    for _ in range(50):
        created = START + timedelta(days=world.draw.choice((0, 5, 11)), hours=world.draw.random() * 10)
        known = {"created_at": created, "payment_fingerprint": world.draw.choice(cards), "addresses": addresses}
        account = Account(world, "relay", client="one-api/0.6", **known)
        for _ in range(world.draw.randint(60, 160)):
            subject = world.draw.choice(world.draw.choice(world.draw.choice(customers)))
            place = {"conversation_id": world.token(), "turn": world.draw.choice((0, 0, 1, 2, 3))}
            at = world.when(account, is_human=False)
            world.say(account, at, world.draw.choice(REQUESTS).format(subject), **place)


def viral_prompt(world: World) -> None:
    """Hundreds of people paste one text within three days."""
    text = world.sentences(5)
    for account in world.draw.sample(world.accounts, 400):
        world.say(account, world.when(account, day=world.draw.randint(6, 8)), text)


def company(world: World) -> None:
    """A firm that nobody verified rolls out: one card, one office, one day, habits of their own."""
    card, office, system = world.token(), [world.address()], world.sentences(3)
    for _ in range(70):
        created = START + timedelta(days=4, hours=world.draw.gauss(4, 2))
        known = {"created_at": created, "payment_fingerprint": card, "email_domain": "firma.example"}
        account = Account(world, "company", zone_h=1, addresses=[*office, world.address()], **known)
        for _ in range(world.draw.randint(3, 50)):
            used = system if world.draw.random() < 0.6 else None
            prompt = world.draw.choice(REQUESTS).format(world.about(account, 1))
            world.say(account, world.when(account), prompt, system_prompt=used)


def contractors(world: World) -> None:
    """A novel's translators and a content mill's writers: a work list of an honest buyer, without a queue behind it."""
    office = [world.address()]
    translators = [Account(world, "translators", zone_h=1, addresses=office) for _ in range(15)]
    wording = f"Translate the next passage of the novel into Dutch. {world.sentences(1)} Passage: {{}}"
    world.deal(translators, world.items(60, 1500), templates=[wording], is_human=True, stays=True, tokens=200)
    writers = [Account(world, "content_mill", zone_h=world.draw.choice((5.5, 8))) for _ in range(25)]
    briefs = [item[:60] for item in world.items(50, 1200)]
    world.deal(writers, briefs, templates=[world.template(4)], is_human=True, stays=True, tokens=600)
    for account in (*translators, *writers):
        world.live(account, world.draw.randint(5, 50))


def business_queues(world: World) -> None:
    """Three firms whose queue sends a failed item again from another account, as a campaign's does."""
    for name, n, wording, n_items, tokens in (
        ("extraction_queue", 12, "Extract sender, product and sentiment as JSON from the e-mail.", 2500, 120),
        ("moderation_queue", 20, "Classify the user comment: toxic, spam or fine. One word only.", 4000, 4),
        ("agency_queue", 8, "Write a product description of 150 words for the shop. Tone: warm.", 900, 120),
    ):
        cards, servers = [world.token(), world.token()], [world.address() for _ in range(4)]
        accounts = []
        for _ in range(n):
            known: dict[str, Any] = {"created_at": START - timedelta(days=world.draw.choice((20, 40)))}
            if name != "agency_queue":
                known |= {"payment_fingerprint": world.draw.choice(cards), "addresses": servers}
            accounts.append(Account(world, name, email_domain=f"{name.split('_')[0]}.example", **known))
        template = f"{wording} {world.sentences(1)} Text: {{}}"
        world.deal(
            accounts, world.items(120, n_items), templates=[template], is_human=name == "agency_queue", tokens=tokens
        )


def campaigns(world: World) -> None:
    """Four campaigns, from careless to careful: shared cards and lines, eight templates, thin cover, agents."""
    campaign(world, "reasoning", 40, [world.template(4)], world.items(200, 4000), cover=0.2, cards=True, lines=True)
    wordings = [world.template(2) for _ in range(8)]
    campaign(world, "answers", 60, wordings, world.items(250, 4800), cover=0.5, is_human=True)
    campaign(world, "grading", 100, [world.template(8)], world.items(150, 3000), cover=0.8, lines=True)
    fields = {"system_prompt": world.sentences(12), "tool_names": list(TOOLS)}
    work = world.items(60, 900)
    campaign(world, "agents", 50, ["{}"], work, cover=0.2, cards=True, turns=(3, 8), fields=fields)


def campaign(world: World, name: str, n: int, templates: Sequence[str], items: Sequence[str], **how: Any) -> None:
    """Add one campaign of ``n`` accounts; members' own traffic is ``cover`` of all."""
    cards = [world.token() for _ in range(n // 6)]
    lines = [world.address() for _ in range(n // 5)]
    accounts = []
    for _ in range(n):
        known: dict[str, Any] = {}
        if not how.get("is_human"):
            known["created_at"] = START + timedelta(days=world.draw.choice((0, 1, 6)), hours=world.draw.random() * 5)
        if how.get("cards"):
            known["payment_fingerprint"] = world.draw.choice(cards)
        if how.get("lines"):
            known["addresses"] = world.draw.sample(lines, 3)
        accounts.append(Account(world, f"campaign {name}", **known))
    world.deal(accounts, items, templates=templates, **how)
    own = len(items) / n * how["cover"] / (1 - how["cover"])
    for account in accounts:
        world.live(account, int(own * world.draw.uniform(0.6, 1.4)))


def populate(world: World, n_people: int, *, has_campaigns: bool) -> None:
    """Add people, every look-alike and, where asked, the campaigns."""
    for _ in range(n_people):
        account = Account(world, "organic")
        world.live(account, max(1, min(400, int(world.draw.lognormvariate(2.6, 1.1)))))
    for first, second in zip(world.accounts[0:60:2], world.accounts[1:60:2], strict=True):  # couples
        first.row["payment_fingerprint"] = second.row["payment_fingerprint"]
    viral_prompt(world)
    for add in (prompt_pack, coding_tool, classroom, hackathon, evaluation, review_bot, relay, company, contractors):
        add(world)
    application(world, 150)
    application(world, 40)
    business_queues(world)
    if has_campaigns:
        campaigns(world)
