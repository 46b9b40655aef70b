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
    public void Test_names_are_sentences_without_should() =>
        SpecTable.Tests.Select(test => test.Test.Name).Should().OnlyContain(name => name.Contains('_') && !name.Contains("_should_", StringComparison.OrdinalIgnoreCase) && char.IsUpper(name[0]));
}
