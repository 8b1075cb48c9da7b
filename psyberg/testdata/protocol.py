"""Exhaustive check of semantics.md section 7 on a small model: every interleaving of two running
psyql processes, crashes anywhere, several session ids and source snapshots, a foreign writer that makes
what is staged unpublishable, and a person who discards and loads again. Snapshots of the target may expire
at any time, with what is staged or without: then nobody sees any more what was published, but that something has
expired (rule P6: who cannot see it neither publishes again nor goes on; a person looks into the rows, and says).

Safety: no source row is in the target twice; the watermark never passes a row that is not in the target;
what is published is what the intent named (so: what was audited); no commit meets a watermark it cannot explain.
Progress: from every reachable state one fresh session, run alone, brings every row in.

usage: protocol.py [VARIANT [SIDS ROWS FOREIGN [EXPIRIES]]]
VARIANT: good | supersede (init drops a PUBLISHING session that is not on the target yet, in place of finishing it)
 | nolog (no intent) | norecheck (publish does not look whether it is published) | anystaged (publish takes
 whatever is staged under the id, not the snapshot that the intent names); with expiries: guess (what cannot be
 seen did not happen) | assume (it did) | own (who has recorded the intent itself does not ask whether it can still see)
"""
import sys
from collections import deque

VARIANT = sys.argv[1] if len(sys.argv) > 1 else "good"
SIDS = sys.argv[2] if len(sys.argv) > 2 else "ABC"
ROWS = int(sys.argv[3]) if len(sys.argv) > 3 else 3
FOREIGN = int(sys.argv[4]) if len(sys.argv) > 4 else 0
EXPIRIES = int(sys.argv[5]) if len(sys.argv) > 5 else 0
SLOTS = 2
READY, PUBLISHING, PUBLISHED, COMMITTED, SUPERSEDED = "READY PUBLISHING PUBLISHED COMMITTED SUPERSEDED".split()

# state: (src, hwm, sess, staged, refused, target, (foreign, expiries), actors)
#   sess: sorted (sid, lo, hi, status, staged id named by the intent, expiries when it began); staged: sorted (sid, staged id)
#   refused: staged ids that can never be published again; target: (sid, staged id, named by intent?, lo, hi, is it seen?)
#   actors: None | (sid, pc, local)


def row(sess, sid):
    return next((r for r in sess if r[0] == sid), None)


def put(sess, r):
    return tuple(sorted([x for x in sess if x[0] != r[0]] + [r], key=lambda x: x[0]))


def step(st, i):
    """The state after one step of actor i, or the text of a violation."""
    src, hwm, sess, staged, refused, target, (foreign, exp), actors = st
    sid, pc, loc = actors[i]

    def go(pc=None, loc=None, **kw):
        a = list(actors)
        a[i] = None if pc is None else (sid, pc, loc)
        v = dict(src=src, hwm=hwm, sess=sess, staged=staged, refused=refused, target=target)
        v.update(kw)
        return (v["src"], v["hwm"], v["sess"], v["staged"], v["refused"], v["target"], (foreign, exp), tuple(a))

    def set_status(r, status, named=None):
        return put(sess, (r[0], r[1], r[2], status, named, r[5]))

    if pc == "I0":  # read the process's session rows
        own = row(sess, sid)
        if own:
            return {READY: go("S1"), PUBLISHING: go("P1", (sid, own[4], own[5])), PUBLISHED: go("C0", sid)}.get(own[3], go())
        open_ = [r for r in sess if r[3] in (PUBLISHING, PUBLISHED)]
        if open_:
            r = open_[0]
            if VARIANT == "supersede" and r[3] == PUBLISHING and not any(t[0] == r[0] for t in target):
                return go("I0", sess=set_status(r, SUPERSEDED))
            if r[3] == PUBLISHED:  # the row says so: the target is not asked again
                return go("C0", r[0])
            return go("P1", (r[0], r[4], r[5]))
        return go("I1", (sess,))
    if pc == "I1":  # then the watermark, and the head
        return go("I2", (loc[0], hwm, src))
    if pc == "I2":  # insert own row and supersede READY ones, if no row changed since I0
        seen, lo, hi = loc
        if sess != seen:
            return go("I0")
        if lo == hi:
            return go()
        new = tuple((s, a, b, SUPERSEDED if t == READY else t, k, e) for s, a, b, t, k, e in sess)
        return go("S1", sess=put(new, (sid, lo, hi, READY, None, exp)))
    if pc == "S1":  # stage, unless something is staged under this id
        if row(staged, sid):
            return go("P0", row(staged, sid)[1])
        k = f"{sid}{sum(1 for x in refused if x[0] == sid)}" + (f".{exp}" if EXPIRIES else "")
        return go("P0", k, staged=put(staged, (sid, k)))
    if pc == "P0":  # audits of staged snapshot loc have passed: record the intent
        r = row(sess, sid)
        if r[3] == READY:  # up to here nobody could have published it: what expires from now on can hide it
            if VARIANT == "nolog":
                return go("P1", (sid, loc, exp))
            return go("P1", (sid, loc, exp if VARIANT != "own" else EXPIRIES), sess=set_status(r, PUBLISHING, loc))
        return {PUBLISHING: go("P1", (sid, r[4], r[5])), PUBLISHED: go("C0", sid)}.get(r[3], go())
    if pc == "P1":  # move the target: one atomic commit that looks first
        who, named, since = loc
        r = row(sess, who)
        if any(t[0] == who and t[5] for t in target) and VARIANT != "norecheck":
            return go("P2", loc)
        if exp > since and VARIANT != "guess":  # it may have been published: a person says
            return go("P2", loc) if VARIANT == "assume" else go()
        now = row(staged, who)
        if now is None or now[1] in refused or (now[1] != named and VARIANT != "anystaged"):
            return go("PX", loc)
        audited = r[3] in (PUBLISHING, PUBLISHED) and r[4] == now[1] or VARIANT == "nolog"
        return go("P2", loc, target=target + ((who, now[1], audited, r[1], r[2], True),))
    if pc == "PX":  # refused: back to READY, if the intent is still the one that was refused
        r = row(sess, loc[0])
        new = set_status(r, READY) if r[3] == PUBLISHING and r[4] == loc[1] else sess
        return go(None if loc[0] == sid else "I0", sess=new)
    if pc == "P2":
        r = row(sess, loc[0])
        ok = (PUBLISHING, READY) if VARIANT == "nolog" else (PUBLISHING,)
        return go("C0", loc[0], sess=set_status(r, PUBLISHED, r[4]) if r[3] in ok else sess)
    if pc == "C0":  # the watermark first, compare and set
        r = row(sess, loc)
        if hwm == r[1]:
            return go("C1", loc, hwm=r[2])
        if hwm >= r[2]:
            return go("C1", loc)
        return f"commit of {loc}: watermark {hwm}, expected {r[1]}"
    if pc == "C1":  # then the status
        r = row(sess, loc)
        done = set_status(r, COMMITTED, r[4]) if r[3] == PUBLISHED else sess
        return go(None if loc == sid else "I0", sess=done)
    raise AssertionError(pc)


def bad(st):
    src, hwm, sess, staged, refused, target, _, actors = st
    rows = [n for t in target for n in range(t[3], t[4])]
    if len(rows) != len(set(rows)):
        return f"row twice in the target: {target}"
    if not set(range(hwm)) <= set(rows):
        return f"watermark {hwm} passes rows that are not in the target: {target}"
    if any(not t[2] for t in target):
        return f"published what no intent named: {target}"
    return None


def in_doubt(st):
    """Sessions that stop every init: left PUBLISHING, and nobody sees whether they were published."""
    return [r for r in st[2] if r[3] == PUBLISHING and st[6][1] > r[5] and not any(t[0] == r[0] and t[5] for t in st[5])]


def person(st, r):
    """A person looks whether the rows of a session in doubt are in the target, and says so: an empty snapshot that
    names the session is on it again, or what it has staged is discarded and the intent taken back: what is staged
    from then on is younger than what has expired."""
    src, hwm, sess, staged, refused, target, counts, actors = st
    if any(t[0] == r[0] for t in target):
        return st[:5] + (tuple(t[:5] + (t[5] or t[0] == r[0],) for t in target),) + st[6:]
    gone = tuple(k for s, k in staged if s == r[0])
    return (src, hwm, put(sess, (r[0], r[1], r[2], READY, None, counts[1])), tuple(x for x in staged if x[0] != r[0]),
            tuple(sorted(refused + gone)), target, counts, actors)


def progress(st):
    """One fresh session, alone (all others dead), brings every row in; a person answers where it stops."""
    s = st[:7] + ((("Z", "I0", None),),)
    for _ in range(300):
        if s[7][0] is None:
            stuck = in_doubt(s)
            if not stuck:
                break
            s = person(s, stuck[0])[:7] + ((("Z", "I0", None),),)
        s = step(s, 0)
        if isinstance(s, str):
            return s
    rows = sorted(n for t in s[5] for n in range(t[3], t[4]))
    return None if rows == list(range(s[0])) and s[1] == s[0] else f"a fresh session leaves {rows} of {s[0]}, watermark {s[1]}"


def successors(st):
    src, hwm, sess, staged, refused, target, (foreign, exp), actors = st
    if src < ROWS:
        yield (src + 1,) + st[1:]
    if exp < EXPIRIES:
        unseen = tuple(t[:5] + (False,) for t in target)
        for left in {staged, ()}:
            yield (src, hwm, sess, left, refused, unseen, (foreign, exp + 1), actors)
    for r in in_doubt(st):
        yield person(st, r)
    loose = tuple(k for s, k in staged if not any(t[1] == k for t in target) and k not in refused)
    if foreign < FOREIGN and loose:  # a foreign writer changes the partitions that are staged
        yield (src, hwm, sess, staged, tuple(sorted(refused + loose)), target, (foreign + 1, exp), actors)
    for s, k in staged:  # a person discards what is staged of a READY session
        r = row(sess, s)
        if FOREIGN and r and r[3] == READY and k in refused and k[1] == "0":
            yield (src, hwm, sess, tuple(x for x in staged if x[0] != s), refused, target, (foreign, exp), actors)
    for i, a in enumerate(actors):
        if a is None:
            if not any(actors[j] is None for j in range(i)):  # free slots are alike
                for s in SIDS:
                    yield st[:7] + (actors[:i] + ((s, "I0", None),) + actors[i + 1:],)
        else:
            yield st[:7] + (actors[:i] + (None,) + actors[i + 1:],)  # crash
            yield step(st, i)


start = (1, 0, (), (), (), (), (0, 0), (None,) * SLOTS)
seen, todo, n = {start: None}, deque([start]), 0
while todo:
    st = todo.popleft()
    n += 1
    why = bad(st) or progress(st)
    for s in successors(st):
        if isinstance(s, str):
            why = why or s
        elif s not in seen:
            seen[s] = st
            todo.append(s)
    if why:
        trace, s = [], st
        while s is not None:
            trace.append(s)
            s = seen[s]
        print(f"{VARIANT}: VIOLATION after {n} states: {why}")
        for s in reversed(trace):
            print("  ", s)
        sys.exit(1)
print(f"{VARIANT} (sessions {SIDS}, rows {ROWS}, foreign writes {FOREIGN}, expiries {EXPIRIES}): {len(seen)} states, no violation")
