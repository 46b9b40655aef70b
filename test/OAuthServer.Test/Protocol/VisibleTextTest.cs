using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Protocol;

/// <summary>Names that show nothing are no names; what moves the cursor or the eye never reaches a terminal or a page.</summary>
[Behaviour(14, 18, 26)]
public sealed class VisibleTextTest : ServerFixture
{
    private static readonly string[] Invisible =
    [
        "\u3164", "\u2800", "\u115F", "\u1160", "\uFFA0", "\u034F", "\u180B", "\u180E", "\uFE00", "\uFE0F", "\u200B", "\u2060", "\uFEFF",
        "\u202E", "\u2066",
        "\u061C", "\u00AD", "\u2028", "\u0007", "\uE000", "\U000E0041", "\U000E0100", "\U0001D159", "\u17B4",
    ];

    private static IEnumerable<string> Nothing() =>
        Invisible.Concat(["", " ", "\u00A0\u3000", "\u0301\u0301", "\u200D", "\u3164 \u2800", "\U000E0041\U000E0042"]);

    [TestCaseSource(nameof(Nothing))]
    public async Task A_name_that_shows_nothing_is_no_name_anywhere(string name)
    {
        VisibleText.Name(name).Should().BeNull();
        Words.Sanitize(name, "nobody").Should().Be("nobody");
        (await FluentActions.Awaiting(() =>
            Server.ExecuteAsync("insert into clients (client_id, kind, name) values ('invisible', 'machine', @name)", new { name }))
            .Should().ThrowAsync<Npgsql.PostgresException>()).Which.MessageText.Should()
                .Be("A name needs at least one character that people can see");
    }

    [TestCaseSource(nameof(Invisible))]
    public async Task Invisible_characters_are_removed_from_a_name_wherever_it_comes_from(string character)
    {
        var id = $"seen-{Guid.NewGuid():N}";
        await Server.ExecuteAsync("insert into clients (client_id, kind, name) values (@id, 'machine', @name)",
            new { id, name = $"A{character}B" });

        VisibleText.Name($"A{character}B").Should().Be("AB");
        Words.Sanitize($"A{character}B").Should().BeOneOf("AB", "A B");
        (await Server.ScalarAsync<string>("select name from clients where client_id = @id", new { id })).Should().Be("AB");
    }

    [TestCase("insert into resources (uri, name) values ('https://seen.example.test/', @text) returning name")]
    [TestCase("insert into resource_texts (uri, locale, name) values (@Notes, 'fr', @text) returning name")]
    [TestCase("insert into scope_texts (scope, locale, text) values ('notes:read', 'fr', @text) returning text")]
    public async Task Invisible_characters_are_removed_from_whatever_operators_write_for_people(string sql) =>
        (await Server.ScalarAsync<string>(sql, new { Cast.Notes, text = "A\u202EB\u3164" })).Should().Be("AB");

    [TestCase("Notes"), TestCase("Заметки"), TestCase("ملاحظات"),
        TestCase("日本語"), TestCase("한국어"), TestCase("می\u200Cخواهم"),
        TestCase("é"), TestCase("👩\u200D💻 Tools"), TestCase("C++ & <more>")]
    public async Task A_name_of_any_script_stays_as_it_is(string name)
    {
        VisibleText.Name(name).Should().Be(name);
        (await Server.ScalarAsync<string>("select visible_text(@name)", new { name })).Should().Be(name);
    }

    // Not of code points without a character: which those are depends on the version of Unicode, and PostgreSQL has no list of them.
    [Test]
    public async Task The_server_and_SQL_keep_the_same_of_a_name_whatever_character_is_in_it_or_at_its_ends()
    {
        var names = Enumerable.Range(1, 0x10FFFF).Where(Rune.IsValid).Select(value => new Rune(value))
            .Where(rune => Rune.GetUnicodeCategory(rune) != UnicodeCategory.OtherNotAssigned)
            .Select(rune => $"{rune}A{rune}B{rune}").ToArray();

        var kept = await Server.QueryAsync<string>(
            "select visible_text(name) from unnest(@names) with ordinality as given (name, place) order by place", new { names });

        names.Zip(kept).Where(one => VisibleText.Name(one.First) != one.Second)
            .Select(one => $"U+{one.First.EnumerateRunes().First().Value:X4}").Should().BeEmpty();
    }

    [Test]
    public void A_terminal_gets_what_it_cannot_show_in_digits()
    {
        VisibleText.Escape("a\u202Eb\u2028c\u001B[31m\nd").Should().Be("a\\u{202E}b\\u{2028}c\\u{001B}[31m\\u{000A}d");
        VisibleText.Escape("a\nb", lines: true).Should().Be("a\nb");
        VisibleText.EscapeJson("{\"a\":\"\u202E\U000E0041\"}").Should().Be("{\"a\":\"\\u202E\\uDB40\\uDC41\"}");
    }

    private static readonly Gen<string> Mixed = Gen.OneOf(Any.Text,
        Any.Of([.. Invisible, "a", "\u200D", " ", "\u00A0", "\u0301", "é", "\U0001F469"]));

    [Test]
    public void Whatever_a_name_was_only_what_is_seen_and_joiners_are_left_of_it() =>
        Mixed.Sample(text => VisibleText.Name(text) is not { } name
            ? !VisibleText.IsVisible(text)
            : VisibleText.Name(name) == name && name.Trim() == name && name.EnumerateRunes()
                .All(rune => rune.Value is 0x200C or 0x200D || !VisibleText.IsInvisible(rune)),
            iter: 2000);

    [Test]
    public void Whatever_is_escaped_shows_every_character_and_is_not_escaped_again() =>
        Gen.OneOf(Mixed, Any.Utf16).Sample(text =>
        {
            var escaped = VisibleText.Escape(text);
            return escaped.EnumerateRunes().All(rune => !VisibleText.IsInvisible(rune)) && VisibleText.Escape(escaped) == escaped;
        }, iter: 2000);

    [Test, Rfc(8259, "7")]
    public void Escaped_JSON_says_what_it_said() =>
        Mixed.Sample(text =>
        {
            // By hand: a serializer escapes by itself most of what this is about.
            var json = VisibleText.EscapeJson($"\"{text.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"");
            return JsonSerializer.Deserialize<string>(json) == text && json.EnumerateRunes().All(rune => !VisibleText.IsInvisible(rune));
        }, iter: 500);
}
