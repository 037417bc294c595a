"""The memory with two bounds: what is used stays, what is too much goes, and the bytes are always counted right."""

from random import Random

from gateway.memory import ENTRY_BYTES, Memory


def test_the_longest_unused_goes_first_when_there_are_too_many() -> None:
    memory: Memory[str, int] = Memory(2, 10**6)
    memory.put("a", 1, 10)
    memory.put("b", 2, 10)
    assert memory.get("a") == 1
    memory.put("c", 3, 10)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (1, None, 3)


def test_the_longest_unused_goes_first_when_there_are_too_many_bytes() -> None:
    memory: Memory[str, int] = Memory(100, 3 * (1_000 + ENTRY_BYTES))
    for number, name in enumerate("abcd"):
        memory.put(name, number, 1_000)
    assert [memory.get(name) for name in "abcd"] == [None, 1, 2, 3]
    assert memory.bytes == 3 * (1_000 + ENTRY_BYTES)


def test_what_alone_would_fill_half_is_not_taken_and_takes_the_older_one_with_it() -> None:
    memory: Memory[str, int] = Memory(100, 10_000)
    memory.put("a", 1, 100)
    memory.put("b", 2, 100)
    memory.put("a", 3, 5_000)
    assert (memory.get("a"), memory.get("b")) == (None, 2)


def test_the_bytes_are_those_of_what_is_there_whatever_happened() -> None:
    random, sizes = Random(7), {}
    memory: Memory[int, int] = Memory(20, 20_000)
    for _ in range(2_000):
        key, size = random.randrange(40), random.randrange(3_000)
        if random.random() < 0.2:
            memory.drop(key)
        else:
            memory.put(key, size, size)
        sizes[key] = size
        kept = [found for each in range(40) if (found := memory.get(each)) is not None]
        assert len(kept) == len(memory) <= 20
        assert memory.bytes == sum(kept) + ENTRY_BYTES * len(kept) <= 20_000
    memory.clear()
    assert (len(memory), memory.bytes) == (0, 0)
