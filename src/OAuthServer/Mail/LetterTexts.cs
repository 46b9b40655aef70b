using System.Globalization;
using OAuthServer.Protocol;

namespace OAuthServer.Mail;

/// <summary>What mail says, in English and in Arabic: plain text, with nothing in it that loads or counts.</summary>
public static class LetterTexts
{
    /// <summary>The languages mail is written in.</summary>
    public static readonly IReadOnlyList<string> Languages = ["en", "ar"];

    // The places: server, user name, link, until when or when, browser, network address, new address, the issuer, the company.
    private static readonly Dictionary<string, (string Subject, string Text)> English = new(StringComparer.Ordinal)
    {
        [LetterKind.Invitation] = ("You are invited to {0}", """
            You are invited to {0}, as {1}. Open this link to begin:

            {2}

            It works once, until {3}. If you did not expect this mail, ignore it: nothing happens.
            """),
        [LetterKind.Reset] = ("A new password for {0}", """
            An administrator of {0} sent you this link to choose a new password for {1}:

            {2}

            It works once, until {3}. The new password signs you out everywhere and ends every app's access.
            """),
        [LetterKind.Forgot] = ("A new password for {0}", """
            Somebody asked for a new password for {1} at {0}. If it was you, open this link:

            {2}

            It works once, until {3}. If it was not you, ignore this mail: your password stays as it is.
            """),
        [NoPassword] = ("How you sign in to {0}", """
            Somebody asked for a new password for {1} at {0}. This account has none: you sign in with {8}.

            {7}/login
            """),
        [OnlyPasskeys] = ("How you sign in to {0}", """
            Somebody asked for a new password for {1} at {0}. This account has none. You sign in with a passkey.

            {7}/login
            """),
        [LetterKind.Address] = ("Confirm your address for {0}", """
            This address was entered for the account {1} at {0}. Open this link to confirm that it is yours:

            {2}

            It works once, until {3}. If you do not know this account, ignore this mail: nothing happens.
            """),
        [LetterKind.AddressChanging] = ("Your address at {0}", """
            Another address was entered for your account {1} at {0}: {6}. It takes the place of this one as soon as it is confirmed.

            If it was not you, change your password now: {7}/password
            """),
        [LetterKind.NewSignIn] = ("A new sign-in to {0}", """
            Somebody signed in to {0} as {1} with a browser that had not been used for this account before.

            Browser: {4}
            IP address: {5}
            Time: {3}

            If it was you, there is nothing to do. If not, change your password now: {7}/password
            """),
        [LetterKind.PasskeyAdded] = ("A passkey was added at {0}", """
            A passkey was added to your account {1} at {0}, on {3}. It signs in without your password.

            If it was not you, change your password now: {7}/password
            """),
        [LetterKind.PasskeyRemoved] = ("A passkey was removed at {0}", """
            A passkey was removed from your account {1} at {0}, on {3}.

            If it was not you, change your password now: {7}/password
            """),
        [LetterKind.AppAdded] = ("An authenticator app was added at {0}", """
            An authenticator app was added to your account {1} at {0}, on {3}. Its code is asked for after your password.

            If it was not you, change your password now: {7}/password
            """),
        [LetterKind.AppRemoved] = ("An authenticator app was removed at {0}", """
            The authenticator app was removed from your account {1} at {0}, on {3}. Your password alone signs in now.

            If it was not you, change your password now: {7}/password
            """),
        [LetterKind.FactorsReset] = ("Your second factors were removed at {0}", """
            An administrator removed the second factors of your account {1} at {0}, on {3}, and signed you out.
            Your password alone signs in now.

            If it was not you, change your password now: {7}/password
            """),
    };

    private static readonly Dictionary<string, (string Subject, string Text)> Arabic = new(StringComparer.Ordinal)
    {
        [LetterKind.Invitation] = ("دعوة إلى {0}", """
            أنت مدعو إلى {0} باسم المستخدم {1}. افتح هذا الرابط للبدء:

            {2}

            يعمل مرة واحدة حتى {3}. إن لم تكن تتوقع هذه الرسالة فتجاهلها: لن يحدث شيء.
            """),
        [LetterKind.Reset] = ("كلمة مرور جديدة لدى {0}", """
            أرسل إليك مسؤول في {0} هذا الرابط لاختيار كلمة مرور جديدة للحساب {1}:

            {2}

            يعمل مرة واحدة حتى {3}. كلمة المرور الجديدة تسجّل خروجك من كل مكان وتنهي وصول كل التطبيقات.
            """),
        [LetterKind.Forgot] = ("كلمة مرور جديدة لدى {0}", """
            طلب أحدهم كلمة مرور جديدة للحساب {1} لدى {0}. إن كنت أنت فافتح هذا الرابط:

            {2}

            يعمل مرة واحدة حتى {3}. إن لم تكن أنت فتجاهل هذه الرسالة: تبقى كلمة مرورك كما هي.
            """),
        [NoPassword] = ("كيف تسجّل الدخول إلى {0}", """
            طلب أحدهم كلمة مرور جديدة للحساب {1} لدى {0}. ليس لهذا الحساب كلمة مرور: أنت تسجّل الدخول عبر {8}.

            {7}/login
            """),
        [OnlyPasskeys] = ("كيف تسجّل الدخول إلى {0}", """
            طلب أحدهم كلمة مرور جديدة للحساب {1} لدى {0}. ليس لهذا الحساب كلمة مرور. أنت تسجّل الدخول بمفتاح مرور.

            {7}/login
            """),
        [LetterKind.Address] = ("تأكيد عنوانك لدى {0}", """
            أُدخل هذا العنوان للحساب {1} لدى {0}. افتح هذا الرابط لتأكيد أنه لك:

            {2}

            يعمل مرة واحدة حتى {3}. إن لم تكن تعرف هذا الحساب فتجاهل هذه الرسالة: لن يحدث شيء.
            """),
        [LetterKind.AddressChanging] = ("عنوانك لدى {0}", """
            أُدخل عنوان آخر لحسابك {1} لدى {0}: {6}. سيحل محل هذا العنوان فور تأكيده.

            إن لم تكن أنت فغيّر كلمة مرورك الآن: {7}/password
            """),
        [LetterKind.NewSignIn] = ("تسجيل دخول جديد إلى {0}", """
            سجّل أحدهم الدخول إلى {0} باسم {1} من متصفح لم يُستخدم لهذا الحساب من قبل.

            المتصفح: {4}
            عنوان IP: {5}
            الوقت: {3}

            إن كنت أنت فلا حاجة إلى شيء. وإن لم تكن أنت فغيّر كلمة مرورك الآن: {7}/password
            """),
        [LetterKind.PasskeyAdded] = ("أُضيف مفتاح مرور لدى {0}", """
            أُضيف مفتاح مرور إلى حسابك {1} لدى {0} في {3}. يسجّل الدخول من دون كلمة مرورك.

            إن لم تكن أنت فغيّر كلمة مرورك الآن: {7}/password
            """),
        [LetterKind.PasskeyRemoved] = ("أُزيل مفتاح مرور لدى {0}", """
            أُزيل مفتاح مرور من حسابك {1} لدى {0} في {3}.

            إن لم تكن أنت فغيّر كلمة مرورك الآن: {7}/password
            """),
        [LetterKind.AppAdded] = ("أُضيف تطبيق مصادقة لدى {0}", """
            أُضيف تطبيق مصادقة إلى حسابك {1} لدى {0} في {3}. يُطلب رمزه بعد كلمة مرورك.

            إن لم تكن أنت فغيّر كلمة مرورك الآن: {7}/password
            """),
        [LetterKind.AppRemoved] = ("أُزيل تطبيق المصادقة لدى {0}", """
            أُزيل تطبيق المصادقة من حسابك {1} لدى {0} في {3}. كلمة مرورك وحدها تسجّل الدخول الآن.

            إن لم تكن أنت فغيّر كلمة مرورك الآن: {7}/password
            """),
        [LetterKind.FactorsReset] = ("أُزيلت عواملك الثانية لدى {0}", """
            أزال مسؤول العوامل الثانية لحسابك {1} لدى {0} في {3} وسجّل خروجك.
            كلمة مرورك وحدها تسجّل الدخول الآن.

            إن لم تكن أنت فغيّر كلمة مرورك الآن: {7}/password
            """),
    };

    private const string NoPassword = "no-password", OnlyPasskeys = "only-passkeys";

    /// <summary>Subject and text.</summary>
    /// <param name="locale">The reader's (BCP 47); null, or one that no mail is written in: English.</param>
    public static (string Subject, string Text) Of(Letter letter, string? locale, Settings settings)
    {
        var language = locale?.Split('-')[0];
        var texts = language == "ar" ? Arabic : English;
        var (subject, text) = texts[letter switch
        {
            { Kind: LetterKind.Forgot, Url: null, HasOnlyPasskeys: true } => OnlyPasskeys,
            { Kind: LetterKind.Forgot, Url: null } => NoPassword,
            _ => letter.Kind,
        }];
        // RFC 5322 §2.2: a header is one line.
        var server = string.Concat(settings.DisplayName.Where(one => !char.IsControl(one)));
        object?[] parts =
        [
            server, letter.Username, letter.Url, Time(letter.Until ?? letter.At), letter.Browser, letter.NetworkAddress, letter.NewAddress,
            settings.Issuer, letter.Company ?? (language == "ar" ? "حساب شركتك" : "your company account"),
        ];
        return (string.Format(CultureInfo.InvariantCulture, subject, parts),
            $"{string.Format(CultureInfo.InvariantCulture, text, parts)}\n\n-- \n{server}\n{settings.Issuer}\n".ReplaceLineEndings("\r\n"));
    }

    private static string? Time(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
