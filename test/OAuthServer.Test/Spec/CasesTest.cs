using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Every conformance case of what is built is claimed by a test; cases.txt lists them.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class CasesTest
{
    [Test]
    public async Task Every_case_of_the_list_is_claimed_by_a_test()
    {
        var ids = (await File.ReadAllLinesAsync(Path.Combine(TestDatabase.Root, "test/OAuthServer.Test/Spec/cases.txt"))).Where(line => line.Length > 0 && !line.StartsWith('#')).ToList();

        ids.Should().HaveCountGreaterThan(80).And.OnlyHaveUniqueItems();
        ids.Where(id => !SpecTable.Cases.Contains(id)).Should().BeEmpty();
    }
}
