"""Codings 1 to 3 of docs/wire-format.md, section 4, written from that page alone."""

import math

MOST_CODES = 65536
LEVEL = [32, 24, 16, 8, 2, 32, 24, 20]
DRIFT = [0, 0, 0, 0, 0, 16, 12, 2]
DAMPING = [0, 0, 0, 0, 0, 16, 20, 31]
PACES = [2, 4, 5, 7]
ODDS = [round(65536 * 2 ** (-i / 256)) for i in range(256)]


class Refused(Exception):
    """Bytes that are no frame; the argument is the code of section 3."""


class Bits:
    """Bits of a body, least significant first."""

    def __init__(self, data):
        self.number = int.from_bytes(data, "little")
        self.left = 8 * len(data)

    def take(self, count):
        if count > self.left:
            raise Refused("length")
        value = self.number & ((1 << count) - 1)
        self.number >>= count
        self.left -= count
        return value

    def end(self):
        if self.left >= 8:
            raise Refused("length")
        if self.number != 0:
            raise Refused("padding")


def unfold(before, z, top):
    low = 2 * before < top
    room = before if low else top - before
    if z > 2 * room:
        return z if low else top - z
    return before + z // 2 if z % 2 == 0 else before - (z + 1) // 2


def rice_number(bits, k, width, top):
    zeros = 0
    while zeros < 8 and bits.take(1) == 0:
        zeros += 1
    z = (zeros << k) + bits.take(k) if zeros < 8 else bits.take(width)
    if z > top:
        raise Refused("code")
    if zeros == 8 and z >> k < 8:
        raise Refused("form")
    return z


def in_rows(columns, rows):
    return [[column[row] for column in columns] for row in range(rows)]


def check_count(rows, channels):
    if rows * channels > MOST_CODES:
        raise Refused("range")


def rice(body, rows, widths, tops):
    check_count(rows, len(widths))
    bits = Bits(body)
    columns = []
    for width, top in zip(widths, tops):
        parameter = bits.take(4)
        code = bits.take(width)
        if parameter > width:
            raise Refused("range")
        if code > top:
            raise Refused("code")
        column = [code]
        for _ in range(rows - 1):
            if parameter > 0:
                code = unfold(code, rice_number(bits, parameter - 1, width, top), top)
            column.append(code)
        columns.append(column)
    bits.end()
    return in_rows(columns, rows)


class Fraction:
    """The number that a body of coding `arithmetic` is."""

    def __init__(self, body):
        self.body = body
        self.read = 0
        self.range = 2**32 - 1
        self.distance = 0
        for _ in range(4):
            self.distance = 256 * self.distance + self.next()

    def next(self):
        self.read += 1
        return self.body[self.read - 1] if self.read <= len(self.body) else 0

    def narrow(self, unit, start, end, total):
        self.distance -= unit * start
        self.range = self.range - unit * start if end == total else unit * (end - start)
        if self.distance >= self.range:
            raise Refused("form")
        while self.range < 2**24:
            self.range *= 256
            self.distance = 256 * self.distance + self.next()

    def of(self, count):
        unit = self.range // count
        symbol = min(self.distance // unit, count - 1)
        self.narrow(unit, symbol, symbol + 1, count)
        return symbol

    def target(self):
        return min(self.distance // (self.range // 65536), 65535)

    def take(self, start, end):
        self.narrow(self.range // 65536, start, end, 65536)

    def end(self):
        if len(self.body) > self.read:
            raise Refused("length")
        unit = 256 ** (self.read - len(self.body))
        if self.distance >= unit:
            raise Refused("form")
        if self.body and (self.body[-1] == 0 or self.distance + (256 - self.body[-1]) * unit < self.range):
            raise Refused("form")


def read_group(fraction, below, first, last, greatest):
    target = fraction.target()
    if target < below(first):
        fraction.take(0, below(first))
        return fraction.of(first)
    if target >= below(last + 1):
        fraction.take(below(last + 1), 65536)
        return last + 1 + fraction.of(greatest - last)
    group = max(i for i in range(first, last + 1) if below(i) <= target)
    fraction.take(below(group), below(group + 1))
    return group


class Law:
    """What goes from row to row: P, M and V, and before each row w, h and rho."""

    def __init__(self, top, used, smoothing, pace, start):
        self.top = top
        self.used = used
        self.level, self.drift, self.damping = LEVEL[smoothing], DRIFT[smoothing], DAMPING[smoothing]
        self.pace = pace
        self.magnitude = 1 << (start + 10)
        self.moving = 0
        self.prediction = None
        self.row = 0

    def learn(self, position):
        if self.prediction is None:
            self.prediction = position
        else:
            error = position - self.prediction
            distance = min(abs(error), self.magnitude // 8 + 256)
            self.magnitude = min(1 << 29, self.magnitude + ((64 * distance - self.magnitude) >> self.pace))
            self.moving = (self.damping * self.moving + self.drift * error + 16) >> 5
            level = max(self.level, 32 // (self.row + 1))
            self.prediction += ((level * error + 16) >> 5) + self.moving
            self.prediction = min(max(self.prediction, -128), 256 * self.top + 128)
        self.row += 1

    def group(self, fraction, f):
        """The next row's group, and h."""
        v = self.magnitude >> 4
        width = max(64, math.isqrt(max(0, v * v - 65536))) if self.used else v + 128
        shift = max(0, width.bit_length() - 14)
        rate = (7 << (19 + shift)) // width
        greatest = self.top >> shift
        expected = min(max((self.prediction + f + 128) >> (8 + shift), 0), greatest)
        first, last = max(0, expected - 64), min(greatest, expected + 63)

        def below(i):
            if i == 0:
                return 0
            if i == greatest + 1:
                return 65536
            e = ((i << (8 + shift)) - 128 - f - self.prediction) >> shift
            halvings = abs(e) * rate >> 11
            odds = ODDS[halvings % 256] >> (halvings // 256)
            tail = 130812 * odds // (196608 + odds)
            return i - first + 1 + (tail if e < 0 else 65406 - tail)

        return read_group(fraction, below, first, last, greatest), shift


def arithmetic_column(fraction, top, offsets, law):
    code = fraction.of(top + 1)
    column = [code]
    law.learn(256 * code - offsets[0])
    for f in offsets[1:]:
        group, shift = law.group(fraction, f)
        code = group << shift
        if shift > 0:
            code += fraction.of(min(1 << shift, top - code + 1))
        column.append(code)
        law.learn(256 * code - f)
    return column


def arithmetic(body, rows, tops, dither=None):
    """`dither(row, channel)` gives u under scheme `dither`."""
    check_count(rows, len(tops))
    fraction = Fraction(body)
    columns = []
    for channel, top in enumerate(tops):
        used = dither is not None and fraction.of(2) == 1
        smoothing, pace, start = fraction.of(8), PACES[fraction.of(4)], fraction.of(16)
        offsets = [math.floor(256 * dither(row, channel)) if used else 0 for row in range(rows)]
        columns.append(arithmetic_column(fraction, top, offsets, Law(top, used, smoothing, pace, start)))
    fraction.end()
    return in_rows(columns, rows)


def number(bits):
    length = bits.take(6)
    if length > 53:
        raise Refused("range")
    value = bits.take(length)
    if length > 0 and value < 2 ** (length - 1):
        raise Refused("form")
    return value


def exact_channel(bits):
    places, width, negative = bits.take(4), bits.take(5), bits.take(1)
    if width > 16:
        raise Refused("range")
    magnitude = number(bits)
    if negative and magnitude == 0:
        raise Refused("form")
    lowest = -magnitude if negative else magnitude
    unit = number(bits) if width > 0 and bits.take(1) else 1
    span = unit * (2**width - 1)
    if unit == 0 or span >= 2**53 or lowest + span >= 2**53:
        raise Refused("range")
    return places, width, lowest, unit


def exact(body, rows, channels):
    """Rows of readings."""
    check_count(rows, channels)
    bits = Bits(body)
    coding = bits.take(1)
    heads = [exact_channel(bits) for _ in range(channels)]
    if bits.take(bits.left % 8) != 0:
        raise Refused("padding")
    rest = body[len(body) - bits.left // 8 :]
    widths = [width for _, width, _, _ in heads if width > 0]
    tops = [2**width - 1 for width in widths]
    if coding == 1 and not widths:
        raise Refused("form")
    moving = arithmetic(rest, rows, tops) if coding == 1 else rice(rest, rows, widths, tops)
    readings = []
    for row in moving:
        codes = iter(row)
        readings.append([(lowest + unit * (next(codes) if width else 0)) / 10**places for places, width, lowest, unit in heads])
    return readings
