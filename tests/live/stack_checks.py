"""What a case may EXPECT of the stacks in a session. For checks.py."""
import re


def text_of(stacks, sample):
    """SERVICE;THREAD;outermost;…;innermost, inlined functions included, and the kernel's last."""
    names = []
    for index in sample["locations"]:
        names += [function["name"] for function in stacks["locations"][index]["functions"]]
    return ";".join([sample["service"], sample["thread"], *reversed(names)])


class StackChecks:
    """Mixed into the Checker, whose sessions() these look at."""

    def stacks(self):
        found = [session.get("stacks") for session in self.sessions()]
        if not all(found):
            raise AssertionError("a session has no stacks")
        return found

    def no_stacks(self, _):
        """no_stacks: the session has none, not even empty ones."""
        return ["the session has stacks"] if any("stacks" in session for session in self.sessions()) else []

    def complete(self, percent):
        """complete PERCENT: at least that share of the user stacks, and there are at least 50."""
        wrong = []
        for stacks in self.stacks():
            found = stacks["completeness"]
            share = 100 * found["complete"] / max(found["user_stacks"], 1)
            if found["user_stacks"] < 50 or share < float(percent):
                wrong.append(f"{share:.1f} % of {found['user_stacks']} user stacks are complete, expected {percent}: "
                             f"{found['stops']}")
        return wrong

    def guesses(self, rest):
        """guesses LEAST MOST: of the complete user stacks, between these percentages have a guessed frame."""
        least, most = map(float, rest.split())
        wrong = []
        for stacks in self.stacks():
            found = stacks["completeness"]
            share = 100 * found["complete_with_guesses"] / max(found["complete"], 1)
            if not least <= share <= most or found["complete_with_guesses"] > found["guessed_frames"]:
                wrong.append(f"{found['complete_with_guesses']} of {found['complete']} complete user stacks have some of the "
                             f"{found['guessed_frames']} guessed frames, expected {least} to {most} %")
        return wrong

    def on_cpu(self, rest):
        """on_cpu PERCENT REGEX: at least that share of the time on the CPU has such a stack."""
        percent, pattern = rest.split(" ", 1)
        wrong = []
        for stacks in self.stacks():
            running = [(sample["seconds"], text_of(stacks, sample))
                       for sample in stacks["samples"] if sample["state"] == "running"]
            others = [entry for entry in running if not re.search(pattern, entry[1])]
            everything = sum(seconds for seconds, _ in running)
            share = 100 * (1 - sum(seconds for seconds, _ in others) / everything) if everything else 0
            if share < float(percent):
                most = max(others, default=(0, ""))[1]
                wrong.append(f"{share:.1f} % of the time on the CPU has {pattern!r}, expected {percent}; "
                             f"the most that has not: {most[-300:]}")
        return wrong

    def off_cpu(self, rest):
        """off_cpu SECONDS KIND REGEX: such stacks wait for it for at least that long, and at most a tenth longer. off_cpu SECONDS+
        …: at least that long, and at most as long as the session took."""
        least, kind, pattern = rest.split(" ", 2)
        wrong = []
        for session, stacks in zip(self.sessions(), self.stacks()):
            waited = sum(sample["seconds"] for sample in stacks["samples"]
                         if sample.get("wait") == kind and re.search(pattern, text_of(stacks, sample)))
            took = session["session"]["duration_seconds"]
            low = float(least.rstrip("+"))
            high = 1.01 * took if least.endswith("+") else 1.1 * low
            if not low <= waited <= high:
                wrong.append(f"waits of {kind} at {pattern!r} are {waited:.3f} s, expected {low:.3f} to {high:.3f}")
        return wrong

    def never(self, pattern):
        """never REGEX: no stack is like that."""
        found = {text_of(stacks, sample) for stacks in self.stacks() for sample in stacks["samples"]}
        return [f"a stack that should not be: {text[-300:]}" for text in sorted(found) if re.search(pattern, text)][:3]

    def stop(self, rest):
        """stop PERCENT REASON: at least that share of the user stacks ends for this reason."""
        percent, reason = rest.split()
        wrong = []
        for stacks in self.stacks():
            found = stacks["completeness"]
            if 100 * found["stops"].get(reason, 0) < float(percent) * max(found["user_stacks"], 1):
                wrong.append(f"stops are {found['stops']}, expected {percent} % {reason}")
        return wrong

    def interpreted(self, rest):
        """interpreted PERCENT [REASON]: at least that share of the stacks in which an interpreter ran, and those are at least 50,
        is complete, or, with a reason, is not for that reason."""
        percent, reason = (rest.split() + ["complete"])[:2]
        wrong = []
        for stacks in self.stacks():
            found = stacks["completeness"]
            share = 100 * found["script_stops"].get(reason, 0) / max(found["script_stacks"], 1)
            if found["script_stacks"] < 50 or share < float(percent):
                wrong.append(f"{share:.1f} % of {found['script_stacks']} interpreted stacks are {reason}, expected {percent}: "
                             f"{found['script_stops']}")
        return wrong

    def miss(self, rest):
        """miss NAME REGEX: frames whose name matches are there, and the reason that they have no better one matches."""
        name, pattern = rest.split(" ", 1)
        wrong = []
        for stacks in self.stacks():
            frames = {(function["name"], str(location["miss"])) for location in stacks["locations"]
                      for function in location["functions"] if re.search(name, function["name"])}
            wrong += [] if frames else [f"no frame is named like {name!r}"]
            wrong += [f"{frame}: {reason}, expected {pattern!r}"
                      for frame, reason in sorted(frames) if not re.search(pattern, reason)]
        return wrong[:3]
