"""The parts of the translations are joined into one: a message has one translation, whoever wrote it."""

from pathlib import Path

from babel.messages.mofile import read_mo

from tools import messages

PARTS = Path(messages.ROOT) / "parts"


def part(root, name, *pairs):
    folder = root / "parts" / "zh"
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath(name).write_text(
        "\n\n".join(f'msgid "{said}"\nmsgstr "{zh}"' for said, zh in pairs), encoding="utf-8"
    )


def test_parts_are_joined(tmp_path):
    part(tmp_path, "a.po", ("Reason", "原因"), ("Back", "返回"))
    part(tmp_path, "b.po", ("Reason", "原因"), ("Next", "下一步"))
    assert messages.main(tmp_path) == []
    with (tmp_path / "zh" / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        whole = read_mo(file)
    assert [whole[said].string for said in ("Reason", "Back", "Next")] == ["原因", "返回", "下一步"]


def test_one_message_translated_in_two_ways_is_refused_and_nothing_is_written(tmp_path):
    part(tmp_path, "a.po", ("Reason", "原因"))
    part(tmp_path, "b.po", ("Reason", "理由"))
    (clash,) = messages.main(tmp_path)
    assert all(word in clash for word in ("'Reason'", "原因", "理由", "parts/zh/a.po", "parts/zh/b.po"))
    assert not (tmp_path / "zh").exists()


def test_what_is_kept_is_what_the_parts_say(tmp_path):
    for file in PARTS.glob("*/*.po"):
        target = tmp_path / "parts" / file.parent.name / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    assert messages.main(tmp_path) == []
    for file in tmp_path.glob("*/LC_MESSAGES/messages.po"):
        assert file.read_bytes() == (messages.ROOT / file.relative_to(tmp_path)).read_bytes()
