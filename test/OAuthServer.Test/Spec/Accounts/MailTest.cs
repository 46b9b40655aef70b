using Dapper;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Mail;
using OAuthServer.Protocol;
using OAuthServer.Stores.Mail;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>Mail waits sealed, is sent over TLS or not at all, three times at most and thirty a minute in all.</summary>
[Behaviour(97)]
public sealed class MailTest : MailFixture
{
    [Test]
    public async Task A_sign_in_with_a_new_browser_is_told_and_one_with_a_known_browser_is_not()
    {
        var ((alice, email), browser, other) = (await WithAddressAsync(), NewBrowser(), NewBrowser());
        browser.Headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/150.0";

        await browser.SignInAsync(alice);
        var mail = await Sink.MailToAsync(email);
        await browser.SubmitAsync(await browser.FollowAsync(Paths.Logout));
        await browser.SignInAsync(alice);
        await SentAsync();

        mail.Subject.Should().Be("A new sign-in to OAuth Server");
        mail.Text.Should().Contain("Firefox, Windows").And.Contain("127.").And.Contain(alice.Username)
            .And.Contain($"{Server.Issuer}/password");
        Sink.Mails.Should().NotContain(one => one.To.Contains(email), "this browser signed her in before");
        Server.Clock.Travel(TimeSpan.FromMinutes(6));
        await other.SignInAsync(alice);
        await Sink.MailToAsync(email);
        await NewBrowser().SignInAsync(alice);
        await SentAsync();
        Sink.Mails.Should().NotContain(one => one.To.Contains(email), "five minutes have one");
        browser.Cookies.Keys.Should().Contain(OAuthServer.Html.Cookies.Name("k", Server.Settings));
    }

    [Test]
    public async Task What_the_browser_remembers_names_nobody_and_is_kept_for_five_people_at_most()
    {
        var browser = NewBrowser();
        var people = new List<Person>();
        for (var number = 0; number < 7; number++)
        {
            var (person, email) = await WithAddressAsync();
            people.Add(person);
            await browser.SignInAsync(await browser.FollowAsync("/login?switch=1"), person);
            await Sink.MailToAsync(email);
        }

        var cookie = browser.Cookies[OAuthServer.Html.Cookies.Name("k", Server.Settings)];
        var octets = System.Buffers.Text.Base64Url.DecodeFromChars(cookie);
        octets.Length.Should().Be(5 * 16);
        Convert.ToHexStringLower(octets).Should().NotContain(Convert.ToHexStringLower(people[^1].Subject.ToByteArray()));
        (await Server.ScalarAsync<long>("select count(*) from information_schema.columns where column_name like '%browser%' "
            + "and table_name = 'users'")).Should().Be(0, "the server keeps nothing");
        foreach (var hostile in new[] { "x", new string('A', 4000), "====", "" })
        {
            browser.Cookies[OAuthServer.Html.Cookies.Name("k", Server.Settings)] = hostile;
            (await browser.SignInAsync(await browser.FollowAsync("/login?switch=1"), people[0])).Reply.Status.Should().Be(200, hostile);
        }
    }

    [Test]
    public async Task While_it_waits_it_is_sealed()
    {
        var letter = new Letter { Kind = LetterKind.Invitation, To = "sealed@example.test", Username = "sealed-name" };
        await Server.Get<Outbox>().AddAsync(letter, Server.Clock.GetUtcNow());
        var row = await Server.ScalarAsync<byte[]?>("select sealed from mail_outbox where kind = 'invitation' "
            + "order by queued_at desc limit 1");

        (row is null || !System.Text.Encoding.Latin1.GetString(row).Contains("sealed")).Should().BeTrue();
        await Sink.MailToAsync("sealed@example.test");
        (await Server.ScalarAsync<long>("select count(*) from audit_events where event = 'mail' and outcome = 'ok' "
            + "and detail like 'invitation%'"))
            .Should().BeGreaterThan(0);
        (await Server.ScalarAsync<long>("select count(*) from audit_events "
            + "where coalesce(detail, '') || coalesce(got, '') like '%sealed@%'"))
            .Should().Be(0, "no address is in the log");
    }

    [TestCase("a\r\nRCPT TO:<b@example.test>@example.test"), TestCase("a@example.test\nBcc: b@example.test"), TestCase("<a@example.test>"),
        TestCase("a@example.test, b@example.test"), TestCase("a b@example.test"), TestCase("a@example.test>"),
            TestCase("\"a\"@example.test"), TestCase("a..b@example.test"), TestCase(".a@example.test"), TestCase("a.@example.test"),
            TestCase("a@example..test"), TestCase("a@.test")]
    public async Task An_address_that_could_be_more_than_one_gets_nothing(string address)
    {
        MailAddressText.Of(address).Should().Match(one => one == null || one != address);
        var before = Sink.Mails.Count;

        await Server.Get<Outbox>().AddAsync(new Letter { Kind = LetterKind.Invitation, To = address, Username = "x" },
            Server.Clock.GetUtcNow());
        await SentAsync();

        Sink.Mails.Count.Should().Be(before);
    }

    [Test]
    public async Task A_mail_that_cannot_be_written_holds_up_none_behind_it()
    {
        foreach (var address in new[] { "a..b@example.test", "a@b..c", ".@example.test", "a@[", "ü@example.test" })
            await Server.Get<Outbox>().AddAsync(new Letter { Kind = LetterKind.Invitation, To = address, Username = "x" },
                Server.Clock.GetUtcNow());
        await Server.Get<Outbox>().AddAsync(new Letter { Kind = "of-a-newer-version", To = "x@example.test" }, Server.Clock.GetUtcNow());
        await Server.ExecuteAsync("insert into mail_outbox (kind, sealed) values ('invitation', 'not sealed at all')");
        var good = $"{NewName()}@example.test";
        await Server.Get<Outbox>().AddAsync(new Letter { Kind = LetterKind.Invitation, To = good, Username = "x" },
            Server.Clock.GetUtcNow());

        await Sink.MailToAsync(good);

        await Server.ExecuteAsync("delete from mail_outbox where finished_at is null");
    }

    [Test]
    public async Task A_mail_that_cannot_be_written_is_given_up_with_the_reason_and_the_next_is_sent()
    {
        await Server.Get<Outbox>().AddAsync(new Letter { Kind = "unheard-of", To = "first@example.test" }, Server.Clock.GetUtcNow());
        await Server.Get<Outbox>().AddAsync(new Letter { Kind = LetterKind.Invitation, To = "next@example.test", Username = "x" },
            Server.Clock.GetUtcNow());

        await Sink.MailToAsync("next@example.test");
        await SentAsync();

        (await Server.QueryAsync<string>("select outcome || ': ' || answer from mail_outbox where kind = 'unheard-of'"))
            .Should().Equal("given_up: the mail could not be written: KeyNotFoundException");
    }

    [Test]
    public async Task Links_go_before_notices_which_leave_room_for_forgotten_passwords()
    {
        await using var server = await TestServer.StartAsync();
        var (store, now) = (server.Get<OutboxStore>(), server.Clock.GetUtcNow());
        var notice = new NewOutboxRow { Kind = LetterKind.AppAdded, Subject = null, Content = [1], Most = 2 };
        var forgot = notice with { Kind = LetterKind.Forgot, Most = 1, CountsItsKind = true };

        foreach (var row in new[] { notice, notice, notice, forgot, forgot }) await store.AddAsync(row, now);

        (await server.QueryAsync<string>("select kind || ' ' || count(*) from mail_outbox group by kind order by 1"))
            .Should().Equal("app-added 2", "forgot 1");
        var claimed = await store.ClaimAsync(1, TimeSpan.FromMinutes(5), server.Clock);
        claimed.Should().ContainSingle().Which.Kind.Should().Be(LetterKind.Forgot);
    }

    [Test]
    public async Task A_mail_counts_for_the_minute_in_which_its_turn_came()
    {
        await using var server = await TestServer.StartAsync();
        var (store, asked) = (server.Get<OutboxStore>(), server.Clock.GetUtcNow());
        await store.AddAsync(new NewOutboxRow { Kind = LetterKind.Forgot, Subject = null, Content = [1], Most = 2 }, asked);
        await using var other = new NpgsqlConnection(server.Settings.Database);
        await other.OpenAsync();
        var turn = await other.BeginTransactionAsync();
        await other.ExecuteAsync(OutboxStore.LockSql, transaction: turn);

        var claim = store.ClaimAsync(1, TimeSpan.FromMinutes(5), server.Clock);
        await Eventually.BecomesTrueAsync(() => server.ScalarAsync<bool>("""
            select exists (select from pg_locks where locktype = 'advisory' and not granted
                             and database = (select oid from pg_database where datname = current_database()))
            """));
        server.Clock.Travel(TimeSpan.FromMinutes(2));
        await turn.DisposeAsync();

        (await claim).Should().ContainSingle();
        (await server.ScalarAsync<DateTime>("select attempted_at from mail_outbox")).Should().BeAfter(asked.UtcDateTime.AddMinutes(1));
    }

    [Test]
    public void Who_has_no_password_is_told_what_they_have()
    {
        var letter = new Letter { Kind = LetterKind.Forgot, Username = "ada" };

        Text(letter with { Company = "Example Entra" }, "en").Should().Contain("you sign in with Example Entra.");
        Text(letter with { Company = "Example Entra" }, "ar").Should().Contain("عبر Example Entra.");
        Text(letter with { HasOnlyPasskeys = true }, "en").Should().Contain("You sign in with a passkey.").And.NotContain("company");
        Text(letter with { HasOnlyPasskeys = true }, "ar").Should().Contain("بمفتاح مرور");

        string Text(Letter one, string locale) => LetterTexts.Of(one, locale, Server.Settings).Text;
    }

    [Test]
    public void What_mail_says_it_says_in_every_language()
    {
        foreach (var kind in typeof(LetterKind).GetFields().Select(field => (string)field.GetRawConstantValue()!))
        {
            var letter = new Letter
            {
                Kind = kind,
                Username = "USER",
                Url = "URL",
                Until = DateTimeOffset.UnixEpoch,
                Browser = "BROWSER",
                NetworkAddress = "ADDRESS",
                NewAddress = "NEW",
            };
            var (english, arabic) = (LetterTexts.Of(letter, "en-GB", Server.Settings), LetterTexts.Of(letter, "ar", Server.Settings));
            arabic.Subject.Should().NotBe(english.Subject).And.MatchRegex("[\u0600-\u06ff]");
            foreach (var part in new[] { "USER", "URL", "1970-01-01 00:00 UTC", "BROWSER", "ADDRESS", "NEW", "OAuth Server" })
                arabic.Text.Contains(part).Should().Be(english.Text.Contains(part), $"{part} of {kind}");
            LetterTexts.Of(letter, "de", Server.Settings).Should().Be(english);
        }
    }

    [Test]
    public async Task Once_the_person_is_gone_no_mail_about_them_waits()
    {
        await using var server = await TestServer.StartAsync(settings =>
            settings with { SmtpHost = "localhost", SmtpPort = TestServer.FreePort(), SmtpFrom = "auth@example.test" });
        var (alice, browser) = (await server.UserAsync(), server.NewBrowser());
        await browser.SignInAsync(alice);
        (await server.ScalarAsync<long>("select count(*) from mail_outbox where subject = @Subject", alice)).Should().Be(1);

        await server.ExecuteAsync("delete from users where subject = @Subject", alice);

        (await server.ScalarAsync<long>("select count(*) from mail_outbox")).Should().Be(0);
    }

    [Test]
    public async Task Of_two_servers_one_sends_at_a_time_each_mail_once_and_thirty_a_minute_in_all()
    {
        await using var server = await Server.StartSecondInstanceAsync(services: Register);
        Server.Clock.Travel(TimeSpan.FromMinutes(2));
        var mark = NewName("many");
        for (var number = 0; number < 40; number++)
            await Server.Get<Outbox>().AddAsync(
                new Letter { Kind = LetterKind.Invitation, To = $"{mark}-{number}@example.test", Username = "x" },
                    Server.Clock.GetUtcNow());

        await Eventually.BecomesTrueAsync(() => Task.FromResult(Arrived() >= 30), TimeSpan.FromSeconds(30));
        await Task.Delay(1500);
        Arrived().Should().Be(30);
        Server.Clock.Travel(TimeSpan.FromSeconds(61));
        await Eventually.BecomesTrueAsync(() => Task.FromResult(Arrived() >= 40), TimeSpan.FromSeconds(30));
        await Task.Delay(500);
        Arrived().Should().Be(40);
        Sink.Mails.SelectMany(mail => mail.To).Where(one => one.StartsWith(mark, StringComparison.Ordinal)).Should().OnlyHaveUniqueItems();

        int Arrived() => Sink.Mails.Count(mail => mail.To[0].StartsWith(mark, StringComparison.Ordinal));
    }
}
