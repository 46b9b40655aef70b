using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Protocol;

[Behaviour(34), Parallelizable(ParallelScope.All)]
public sealed class ScopeTest
{
    [TestCase(null, new string[0])]
    [TestCase("", new string[0])]
    [TestCase(" ", new string[0])]
    [TestCase("a b", new[] { "a", "b" })]
    [TestCase("b a b", new[] { "b", "a" }, Description = "order kept, repeats dropped")]
    [TestCase("  a   b ", new[] { "a", "b" })]
    [TestCase("a A", new[] { "a", "A" }, Description = "case matters")]
    [TestCase("!#[]~ notes:read https://x/y", new[] { "!#[]~", "notes:read", "https://x/y" })]
    [Rfc(6749, "3.3")]
    public void A_scope_is_a_list_of_words(string? text, string[] words) => Scope.Parse(text).Should().Equal(words);

    [TestCase("a\"b")]
    [TestCase("a\\b")]
    [TestCase("a\tb")]
    [TestCase("a\nb")]
    [TestCase("a\0b")]
    [TestCase("a\u007fb")]
    [TestCase("ä")]
    [TestCase("a\u00a0b")]
    [Rfc(6749, "3.3")]
    public void A_character_outside_the_grammar_makes_it_no_scope(string text) => Scope.Parse(text).Should().BeNull();

    [Test, Rfc(6749, "3.3")]
    public void A_scope_is_written_with_single_spaces() => Scope.Join(["a", "b"]).Should().Be("a b");
}
