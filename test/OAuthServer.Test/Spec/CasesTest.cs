using FluentAssertions;
using NUnit.Framework;

namespace OAuthServer.Test.Spec;

/// <summary>Every conformance case of what is built is claimed by a test; cases.txt lists them.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class CasesTest
{
    [Test]
    public void Every_case_of_the_list_is_claimed_by_a_test() =>
        SpecTable.CaseTexts.Keys.Should().HaveCountGreaterThan(80).And.OnlyContain(id => SpecTable.Cases.Contains(id));

    [Test]
    public void Every_claimed_case_says_what_it_is() =>
        SpecTable.Cases.Select(id => id.Key).Should().OnlyContain(id => SpecTable.CaseTexts.GetValueOrDefault(id, "").Length > 0);

    [Test]
    public void A_text_of_a_case_fits_into_a_table() =>
        SpecTable.CaseTexts.Values.Should().OnlyContain(text => !text.Contains('|') && !text.Contains('<'));
}
