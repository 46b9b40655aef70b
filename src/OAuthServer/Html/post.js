// Presses the only button of the page (OAuth 2.0 Form Post Response Mode, section 2); without a script a person does.
document.getElementById("post").click();
