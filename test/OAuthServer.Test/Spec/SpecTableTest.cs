using System.Globalization;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Parallelizable(ParallelScope.All)]
public sealed class SpecTableTest
{
    private static readonly string Page = Path.Combine(TestDatabase.Root, "docs/SPEC.md");

    [Test]
    public void Spec_table_is_up_to_date()
    {
        var table = SpecTable.Write();
        if (Environment.GetEnvironmentVariable("UPDATE_SPEC") == "1") File.WriteAllText(Page, table);

        File.ReadAllText(Page).Should().Be(table, "`make spec` writes it");
    }

    [Test]
    public void Every_behaviour_named_by_a_test_is_described() =>
        SpecTable.BehaviourClaims.Select(claim => claim.Row).Distinct().Should().BeSubsetOf(SpecTable.Behaviours.Keys);

    [Test]
    public void Every_behaviour_named_in_a_refusal_is_described()
    {
        var source = Path.Combine(TestDatabase.Root, "src/OAuthServer");
        var named = from file in Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
                    from match in Regex.Matches(File.ReadAllText(file), @"\bbehaviour (\d+)")
                    select int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

        named.Distinct().Should().NotBeEmpty().And.BeSubsetOf(SpecTable.Behaviours.Keys);
    }

    [Test]
    public void Test_names_are_sentences_without_should() =>
        SpecTable.Tests.Select(test => test.Test.Name).Should().OnlyContain(name =>
            name.Contains('_') && !name.Contains("_should_", StringComparison.OrdinalIgnoreCase) && char.IsUpper(name[0]));
}
