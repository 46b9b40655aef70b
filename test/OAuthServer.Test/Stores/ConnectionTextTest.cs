using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>
/// How to reach PostgreSQL, as hosting providers write it: Npgsql's form, or libpq's URL (PostgreSQL's manual, §34.1.1).
/// </summary>
[Behaviour(27), Parallelizable(ParallelScope.All)]
public sealed class ConnectionTextTest
{
    [TestCase("postgres://me:p%40ss@db.example/oauth?sslmode=verify-full", "db.example", 5432, "me", "p@ss", "oauth")]
    [TestCase("postgresql://me:p#a:b@db.example:6432/oauth?sslmode=require", "db.example", 6432, "me", "p#a:b", "oauth")]
    [TestCase("postgres://%2Ftmp%2Fpg:5433/oauth", "/tmp/pg", 5433, null, null, "oauth")]
    [TestCase("postgres:///oauth?host=/tmp/pg&user=me&port=5433", "/tmp/pg", 5433, "me", null, "oauth")]
    [TestCase("postgres://me@[::1]:5433/oauth", "[::1]", 5433, "me", null, "oauth")]
    [TestCase("postgres://me@one.example:5432,two.example:5433/oauth?sslmode=verify-ca&target_session_attrs=read-write",
        "one.example:5432,two.example:5433", 5432, "me", null, "oauth")]
    [TestCase("Host=/tmp/pg;Port=5433;Username=me;Password='a;b=c';Database=oauth", "/tmp/pg", 5433, "me", "a;b=c", "oauth")]
    public void Where_and_who_are_read(string text, string host, int port, string? user, string? password, string database)
    {
        var read = Read(text);

        (read.Host, read.Port, read.Username, read.Password, read.Database).Should().Be((host, port, user, password, database));
    }

    [Test]
    public void The_parameters_of_libpq_are_understood()
    {
        var read =
            Read(
                "postgres://one.example,two.example/oauth?sslmode=verify-full&channel_binding=require"
            + "&target_session_attrs=read-write&sslrootcert=/ca.pem&options=-c%20search_path%3Dauth"
            + "&application_name=mine&connect_timeout=7&sslcert=/c.pem&sslkey=/k.pem&sslpassword=x"
            + "&client_encoding=UTF8&keepalives=1&keepalives_idle=30&keepalives_interval=5"
            + "&gssencmode=disable&sslnegotiation=direct&passfile=/p&krbsrvname=postgres"
            + "&require_auth=scram-sha-256&load_balance_hosts=random");

        (read.SslMode, read.ChannelBinding, read.TargetSessionAttributes, read.RootCertificate, read.Options)
            .Should().Be((SslMode.VerifyFull, ChannelBinding.Require, "read-write", "/ca.pem", "-c search_path=auth"));
        (read.ApplicationName, read.Timeout, read.TcpKeepAlive, read.TcpKeepAliveTime, read.SslNegotiation, read.LoadBalanceHosts)
            .Should().Be(("mine", 7, true, 30, SslNegotiation.Direct, true));
    }

    [TestCase("Host=localhost:1,localhost:2", "primary", 2)]
    [TestCase("Host=localhost:1,localhost:2;Timeout=1", "primary", 2, Description = "of one second Npgsql makes none, which is for ever")]
    [TestCase("Host=localhost:1,localhost:2;Timeout=7;Target Session Attributes=read-write", "read-write", 7)]
    [TestCase("Host=localhost", null, 3)]
    public void Of_several_hosts_the_primary_is_wanted_and_one_that_hangs_is_left(string text, string? wanted, int timeout)
    {
        var read = Read(text);

        (read.TargetSessionAttributes, read.Timeout).Should().Be((wanted, timeout));
    }

    [TestCase("postgres://localhost/oauth?sslcrl=/secret-value", "sslcrl")]
    [TestCase("postgres://localhost/oauth?hostaddr=secret-value", "hostaddr")]
    [TestCase("postgres://localhost/oauth?nonsense=secret-value", "nonsense")]
    [TestCase("postgres://localhost/oauth?sslmode=secret-value", "sslmode")]
    [TestCase("postgres://localhost/oauth?channel_binding=secret-value", "channel_binding")]
    [TestCase("postgres://localhost/oauth?connect_timeout=secret-value", "connect_timeout")]
    [TestCase("postgres://localhost:secret-value/oauth", "port")]
    [TestCase("Host=localhost;Nonsense=secret-value", "nonsense")]
    [TestCase("Host=localhost;Maximum Pool Size=secret-value", "maximum pool size")]
    public void A_parameter_not_understood_is_named_without_its_value(string text, string name)
    {
        ConnectionText.Read(text, out var problem).Should().BeNull();

        problem!.ToLowerInvariant().Should().Contain($"\"{name}\"").And.NotContain("secret-value");
    }

    [TestCase("host=localhost user=me password=secret-value", Description = "libpq's other form")]
    [TestCase("secret-value")]
    [TestCase("mysql://me:secret-value@localhost/oauth")]
    [TestCase("postgres://me:secret-value@db.example/oauth", Description = "without TLS")]
    [TestCase("postgres://me:secret-value@localhost:5432,db.example/oauth", Description = "one of them elsewhere, without TLS")]
    [TestCase("postgres://")]
    public void Text_of_another_form_is_refused(string text)
    {
        ConnectionText.Read(text, out var problem).Should().BeNull();

        problem.Should().NotBeNullOrEmpty().And.NotContain("secret-value");
    }

    [Test]
    public async Task A_server_of_the_wanted_kind_is_reached()
    {
        var own = new NpgsqlConnectionStringBuilder(await TestDatabase.CloneAsync());
        var url = $"postgres:///{own.Database}?host={Uri.EscapeDataString(own.Host!)}&port={own.Port}&user={own.Username}"
            + "&target_session_attrs=read-write&channel_binding=prefer";

        await using var database = new Database(ConnectionText.Read(url, out _)!);
        await using var connection = await database.OpenAsync(CancellationToken.None);

        connection.Database.Should().Be(own.Database);
    }

    private static NpgsqlConnectionStringBuilder Read(string text)
    {
        var read = ConnectionText.Read(text, out var problem);
        problem.Should().BeNull();
        return new NpgsqlConnectionStringBuilder(read);
    }
}
