"""A second decoder, written from docs/wire-format.md alone, with Python's standard library.

    python3 decode.py FOLDER    reads the golden vectors in FOLDER and prints what it makes of them as JSON
"""

import json
import math
import pathlib
import struct
import sys

import codings
from codings import Refused

CODINGS = ["packed", "rice", "arithmetic", "exact"]
WORD = 0xFFFFFFFF
SMALLEST = {24: 24, 25: 0x100, 26: 0x10000, 27: 0x100000000}


class Items:
    """Items of a data frame, section 2."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.left():
            raise Refused("truncated")
        self.at += count
        return self.data[self.at - count : self.at]

    def major(self):
        if self.left() < 1:
            raise Refused("truncated")
        return self.data[self.at] >> 5

    def head(self, major, most=2**53 - 1):
        first = self.take(1)[0]
        if first >> 5 != major:
            raise Refused("type")
        n = first & 31
        if n > 27:
            raise Refused("type")
        argument = n if n < 24 else int.from_bytes(self.take(2 ** (n - 24)), "big")
        if argument < SMALLEST.get(n, 0):
            raise Refused("form")
        if argument > most:
            raise Refused("range")
        return argument

    def signed(self, most):
        """Type and argument of a number."""
        major = 1 if self.major() == 1 else 0
        return major, self.head(major, most)


UNITS = [1000, 60 * 1000, 60 * 60 * 1000]


def time_of(t0, dt, rows_before):
    """t0 and dt in ms of one dt, section 3, from their types and arguments."""
    told, step = dt[1], 1
    if dt[0] == 1:
        told = step = (dt[1] // 3 + 1) * UNITS[dt[1] % 3]
    if told > WORD:
        raise Refused("range")
    if dt[0] == 1 and any(told % larger == 0 for larger in UNITS[dt[1] % 3 + 1 :]):
        raise Refused("form")
    due = rows_before * told
    start = t0[1] * step + (due if t0[0] == 1 else 0)
    if start > 2**52 - 1:
        raise Refused("range")
    if (t0[0] == 1) != (0 < due <= start):
        raise Refused("form")
    if dt[0] == 0 and told > 0 and told % 1000 == 0 and start % told == 0:
        raise Refused("form")
    return start, told


def decode_frame(data, max_bytes=65536, max_rows=4096):
    """Header as a map, and the body's bytes."""
    if len(data) > max_bytes:
        raise Refused("size")
    items = Items(data)
    count = items.head(4)
    version, coding = divmod(items.head(0), 8)
    if version != 1:
        raise Refused("version")
    if count != 8:
        raise Refused("length")
    if coding >= len(CODINGS):
        raise Refused("coding")
    session = items.head(0, WORD)
    sequence = items.head(0, WORD)
    grid = items.head(0, 65535)
    t0 = items.signed(2**52 - 1)
    if items.major() == 4:
        deltas = items.head(4, max_rows - 1)
        if deltas > items.left():
            raise Refused("truncated")
        dt = [items.head(0, WORD) for _ in range(deltas)]
    else:
        dt = items.signed(WORD)
    rows = items.head(0, min(max_rows, 65535) - 1) + 1
    if isinstance(dt, list):
        if len(dt) != rows - 1:
            raise Refused("length")
        if t0[0] == 1:
            raise Refused("form")
        t0 = t0[1]
    else:
        t0, dt = time_of(t0, dt, sequence * rows)
    body = items.take(items.head(2))
    if items.left() != 0:
        raise Refused("trailing")
    header = dict(version=version, session=session, sequence=sequence, grid=grid, coding=coding, t0=t0, dt=dt, rows=rows)
    return header, body


def times_of(header):
    dt, rows = header["dt"], header["rows"]
    deltas = dt if isinstance(dt, list) else [dt] * (rows - 1)
    times = [header["t0"]]
    for delta in deltas:
        times.append(times[-1] + delta)
    return times


def unpack(body, rows, widths, tops):
    """Rows of codes, section 4."""
    bits = rows * sum(widths)
    if len(body) != (bits + 7) // 8:
        raise Refused("length")
    number = int.from_bytes(body, "little")
    codes = []
    for _ in range(rows):
        row = []
        for width, top in zip(widths, tops):
            code = number & ((1 << width) - 1)
            number >>= width
            if code > top:
                raise Refused("code")
            row.append(code)
        codes.append(row)
    if number != 0:
        raise Refused("padding")
    return codes


class Channel:
    """One channel of scheme `count`, section 5."""

    def __init__(self, grid):
        self.bits, self.k = grid["bits"], grid["samples"]
        self.s = (2**self.bits - 1) // self.k
        levels = grid["levels"]
        if levels["kind"] not in ("uniform", "points") or self.s < 1:
            raise ValueError("no such grid")
        self.points = None
        if levels["kind"] == "points":
            self.points = [float(point) for point in levels["points"]]
            if not 2 <= len(self.points) <= self.s + 1:
                raise ValueError("no such grid")
            self.s = len(self.points) - 1
            self.low, self.high = self.points[0], self.points[-1]
        else:
            self.low, self.high = float(levels["low"]), float(levels["high"])
        self.top = self.k * self.s

    def mean(self, code):
        if self.points is None:
            return self.low + ((self.high - self.low) * code) / self.top
        j, u = divmod(code, self.k)
        if u == 0:
            return self.points[j]
        return self.points[j] + ((self.points[j + 1] - self.points[j]) * u) / self.k

    def spread(self, code):
        j, u = divmod(code, self.k)
        if u == 0:
            return 0.0
        step = (self.high - self.low) / self.s if self.points is None else self.points[j + 1] - self.points[j]
        return ((step * step) / (self.k * self.k * (self.k - 1)) * u) * (self.k - u)

    def encode(self, value, words):
        j, u = self.drawn(value, words)
        return self.k * j + u

    def drawn(self, value, words):
        x = min(max(value, self.low), self.high)
        if self.points is None:
            p = 0.0 if self.high == self.low else (x - self.low) * (self.s / (self.high - self.low))
            j = min(math.floor(p), self.s - 1)
            t = (p - j) * 2.0**32
        else:
            j = max(i for i in range(self.s) if self.points[i] <= x)
            t = ((x - self.points[j]) / (self.points[j + 1] - self.points[j])) * 2.0**32
        return j, sum([next(words) + 0.5 < t for _ in range(self.k)])


class IntervalChannel(Channel):
    """One channel of scheme `interval`, section 5."""

    def __init__(self, grid):
        super().__init__(grid)
        most = 2**self.bits // (self.k + 1)
        if self.points is None:
            self.s = most
        elif self.s > most:
            raise ValueError("no such grid")
        self.count_top = self.k * self.s
        self.top = (self.k + 1) * self.s - 1

    def mean(self, code):
        merged = code - code // (self.k + 1)
        if self.points is None:
            return self.low + ((self.high - self.low) * merged) / self.count_top
        return super().mean(merged)

    def spread(self, code):
        return super().spread(code - code // (self.k + 1))

    def encode(self, value, words):
        j, u = self.drawn(value, words)
        return (self.k + 1) * j + u

    def ends(self, code):
        j = code // (self.k + 1)
        if self.points is not None:
            return [self.points[j], self.points[j + 1]]
        return [self.low + ((self.high - self.low) * i) / self.s for i in (j, j + 1)]


class DitherChannel:
    """One channel of scheme `dither`, section 5."""

    def __init__(self, grid):
        self.bits = grid["bits"]
        levels = grid["levels"]
        if levels["kind"] != "uniform" or grid["samples"] != 1:
            raise ValueError("no such grid")
        self.low, self.high = float(levels["low"]), float(levels["high"])
        self.top = 2**self.bits - 1
        self.step = (self.high - self.low) / self.top

    def mean(self, code, u):
        return self.low + (code - u) * self.step

    def spread(self, code):
        return (self.step * self.step) / 12

    def encode(self, value, u):
        x = min(max(value, self.low), self.high)
        p = (x - self.low) / self.step if self.step > 0 else 0.0
        return min(math.floor((p + u) + 0.5), self.top)


def dithers_of(device, session, seed, sequence):
    """u by row and channel."""
    key = key_of("%s/%d/%s" % (device, session, seed))

    def dither(row, channel):
        first = philox([channel, row, sequence & WORD, sequence >> 32], key)[0]
        return (first + 0.5) / 2.0**32 - 0.5

    return dither


def philox(counter, key):
    """Section 6."""
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * x0, 0xCD9E8D57 * x2
        x0, x1, x2, x3 = (p1 >> 32) ^ x1 ^ k0, p1 & WORD, (p0 >> 32) ^ x3 ^ k1, p0 & WORD
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return [x0, x1, x2, x3]


def key_of(name):
    value = 0xCBF29CE484222325
    for byte in name.encode("utf-8"):
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return [value & WORD, value >> 32]


def words_of(name, index):
    key = key_of(name)
    block = 0
    while True:
        yield from philox([block & WORD, block >> 32, index & WORD, index >> 32], key)
        block += 1


def hexes(words):
    return ["%08x" % word for word in words]


def rows_of(header, body, channels, dither):
    """Rows of codes, in coding `exact` of readings."""
    rows, widths, tops = header["rows"], [c.bits for c in channels], [c.top for c in channels]
    if header["coding"] == 1:
        return codings.rice(body, rows, widths, tops)
    if header["coding"] == 2:
        return codings.arithmetic(body, rows, tops, dither)
    if header["coding"] == 3:
        return codings.exact(body, rows, len(channels))
    return unpack(body, rows, widths, tops)


def read_frame(vector):
    header, body = decode_frame(bytes.fromhex(vector["hex"]))
    grid, encoding = vector["grid"], vector["encoding"]
    if grid["coding"] not in CODINGS or header["grid"] != grid["epoch"]:
        raise ValueError("another grid")
    kind = {"count": Channel, "dither": DitherChannel, "interval": IntervalChannel}[grid["scheme"]]
    is_dither = kind is DitherChannel
    channels = [kind(channel) for channel in grid["channels"]]
    dither = None
    if is_dither:
        dither = dithers_of(encoding["device"], header["session"], grid["seed"], header["sequence"])
    codes = rows_of(header, body, channels, dither)
    if header["coding"] == 3:
        return {"header": header, "body": body.hex(), "times": times_of(header), "readings": codes}
    if is_dither:
        mean = lambda channel, code, row, i: channel.mean(code, dither(row, i))
        encode = lambda channel, value, row, i: channel.encode(value, dither(row, i))
    else:
        words = words_of(encoding["stream"], encoding["index"])
        mean = lambda channel, code, row, i: channel.mean(code)
        encode = lambda channel, value, row, i: channel.encode(value, words)
    each = lambda f, rows: [
        [f(channels[i], number, row, i) for i, number in enumerate(numbers)] for row, numbers in enumerate(rows)
    ]
    ends = {}
    if kind is IntervalChannel:
        ends["ends"] = [[c.ends(code) for c, code in zip(channels, row)] for row in codes]
    return {
        **ends,
        "header": header,
        "body": body.hex(),
        "times": times_of(header),
        "codes": codes,
        "means": each(mean, codes),
        "spreads": [[c.spread(code) for c, code in zip(channels, row)] for row in codes],
        "encoded": each(encode, encoding["values"]),
        "clipped": [
            sum([row[i] < c.low or row[i] > c.high for row in encoding["values"]]) for i, c in enumerate(channels)
        ],
    }


def places_of(items, what_is_left):
    """Rows as sequence and number, section 3."""
    count = items.head(4, 2 * what_is_left)
    if count > items.left():
        raise Refused("truncated")
    if count % 2:
        raise Refused("length")
    places = [(items.head(0, WORD), items.head(0, 65534)) for _ in range(count // 2)]
    if any(a >= b for a, b in zip(places, places[1:])):
        raise Refused("form")
    return places


def read_answer(data, channels):
    items = Items(data)
    count = items.head(4)
    if items.head(0) != 15:
        raise Refused("coding")
    if count != 9:
        raise Refused("length")
    session, sequence, grid, of = [items.head(0, most) for most in (WORD, WORD, 65535, WORD)]
    rows = places_of(items, 1024)
    gone = places_of(items, 1024 - len(rows))
    if not rows and not gone:
        raise Refused("range")
    form = items.head(0)
    if form > 2:
        raise Refused("coding")
    body = items.take(items.head(2))
    if bool(rows) != bool(body):
        raise Refused("length")
    if items.left() != 0:
        raise Refused("trailing")
    if form == 2:
        readings = codings.exact(body, len(rows), channels)
    else:
        size = 4 if form == 1 else 8
        if len(body) != size * len(rows) * channels:
            raise Refused("length")
        numbers = [struct.unpack("<f" if size == 4 else "<d", body[i : i + size])[0] for i in range(0, len(body), size)]
        if not all(map(math.isfinite, numbers)):
            raise Refused("range")
        readings = [numbers[i : i + channels] for i in range(0, len(numbers), channels)]
    told = lambda places: [{"sequence": sequence, "row": row} for sequence, row in places]
    answer = {"session": session, "sequence": sequence, "grid": grid, "of": of, "gone": told(gone), "rows": told(rows)}
    return {"code": "", "answer": answer, "readings": readings}


def read_answers(vector):
    cases = []
    for case in vector["cases"]:
        try:
            cases.append(read_answer(bytes.fromhex(case["hex"]), case["channels"]))
        except Refused as refused:
            cases.append({"code": refused.args[0], "answer": None, "readings": None})
    return {"cases": cases}


def read_errors(vector):
    channels = [Channel(channel) for channel in vector["grid"]["channels"]]
    codes = []
    for case in vector["cases"]:
        limits = case.get("limits", {})
        try:
            header, body = decode_frame(
                bytes.fromhex(case["hex"]), limits.get("maxBytes", 65536), limits.get("maxRows", 4096)
            )
            rows_of(header, body, channels, None)
            codes.append("")
        except Refused as refused:
            codes.append(refused.args[0])
    return {"codes": codes}


def read_random(vector):
    number = lambda text: int(text, 16)
    streams = []
    for stream in vector["streams"]:
        words = words_of(stream["name"], stream["index"])
        streams.append({"key": hexes(key_of(stream["name"])), "words": hexes([next(words) for _ in stream["words"]])})
    blocks = [hexes(philox(map(number, block["counter"]), map(number, block["key"]))) for block in vector["blocks"]]
    return {"blocks": blocks, "streams": streams}


def read_weights(vector):
    out = []
    for item in vector["vectors"]:
        bits, scale = item["bits"], item["scale"]
        rows = unpack(bytes.fromhex(item["hex"]), item["count"], [bits], [2**bits - 1])
        codes = [code for row in rows for code in row]
        values = [0.0 if scale == 0 else scale * ((2 * code) / (2**bits - 1) - 1) for code in codes]
        out.append({"codes": codes, "values": values})
    return {"vectors": out}


def counts_of(data, bins):
    if not 2 <= bins <= 4096:
        raise Refused("range")
    if len(data) > 5 * bins:
        raise Refused("size")
    at = 0

    def number():
        nonlocal at
        value, shift = 0, 0
        while True:
            if at == len(data):
                raise Refused("truncated")
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if value >= 2**32:
                raise Refused("range")
            if byte < 128:
                if byte == 0 and shift > 7:
                    raise Refused("form")
                return value
            if shift == 35:
                raise Refused("form")

    counts, after_run = [], False
    while len(counts) < bins:
        if at == len(data):
            raise Refused("length")
        count = number()
        if count > 0:
            counts.append(count)
            after_run = False
            continue
        if after_run:
            raise Refused("form")
        run = number()
        if run == 0:
            raise Refused("form")
        if run > bins - len(counts):
            raise Refused("length")
        counts += [0] * run
        after_run = True
    if at < len(data):
        raise Refused("trailing")
    return counts


def read_histogram(vector):
    out = []
    for item in vector["cases"]:
        try:
            out.append({"counts": counts_of(bytes.fromhex(item["hex"]), item["bins"]), "code": ""})
        except Refused as refused:
            out.append({"counts": [], "code": refused.args[0]})
    return {"cases": out}


def main(folder):
    readers = {
        "answers.json": read_answers,
        "errors.json": read_errors,
        "random.json": read_random,
        "weights.json": read_weights,
        "histogram.json": read_histogram,
    }
    result = {}
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        vector = json.loads(path.read_text(encoding="utf-8"))
        result[path.name] = readers.get(path.name, read_frame)(vector)
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
