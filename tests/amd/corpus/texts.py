"""What is said. All sentences are made up for this corpus."""

HELLO = {
    "en": ["Hello.", "Hello?", "Hello!", "Hi.", "Yes?", "Yeah, hello?", "Hi there.", "Hey.",
           "Hello, hello?", "Yep.", "Good morning.", "Speaking."],
    "zh": ["喂。", "喂？", "喂，你好。", "你好。", "您好。", "哪位？", "喂，哪位？", "喂，谁呀？"],
    "yue": ["喂。", "喂？", "喂，你好。", "邊位？", "喂，邊位呀？", "你好。"],
    "es": ["¿Hola?", "¿Diga?", "¿Sí?", "Dígame."],
    "de": ["Hallo?", "Ja?", "Ja, hallo?", "Guten Tag."],
    "it": ["Pronto?", "Pronto.", "Pronto, dimmi."],
    "fi": ["Haloo?", "No moi.", "Terve."],
}
NAME = {
    "en": ["Peter Miller.", "Anna.", "Doctor Hughes.", "Martin Okafor.", "This is Julia.",
           "Sam here.", "Grace Lindqvist speaking."],
    "zh": ["我是王芳。", "我是李伟。", "我是张老师。", "这里是陈家。"],
    "yue": ["我係阿明。", "陳生呀。", "我係王小姐。"],
    "es": ["Soy Marta.", "Habla Jorge."],
    "de": ["Schneider.", "Hier ist Petra Vogel.", "Becker."],
    "it": ["Sono Paolo.", "Bianchi."],
    "fi": ["Virtanen.", "Mikko Laine."],
}
COMPANY_SHORT = {
    "en": ["Northgate Dental.", "Harbor Bakery, hello.", "Reception.", "Elm Street Garage.",
           "Sunrise Florist.", "Front desk, Tina."],
    "zh": ["你好，前台。", "您好，阳光花店。", "你好，东方公司。", "前台。"],
    "yue": ["你好，陽光花店。", "你好，前台。"],
    "es": ["Taller Romero.", "Recepción, buenas."],
    "de": ["Bäckerei Krause.", "Praxis Doktor Lang."],
    "it": ["Officina Ferri.", "Studio Greco."],
    "fi": ["Kukkakauppa.", "Autohuolto Laine."],
}
COMPANY_LONG = {
    "en": ["Good morning, Harbor Bakery, Susan speaking.",
           "Elm Street Garage, this is Dave, how can I help?",
           "Northgate Dental, you're speaking with Rachel."],
    "zh": ["您好，东方公司，请问您找谁？", "你好，阳光花店，请问您找哪位？"],
    "yue": ["你好，陽光花店，請問有咩可以幫到你？"],
    "es": ["Taller Romero, buenos días, soy Clara."],
    "de": ["Bäckerei Krause, guten Morgen, Vogel am Apparat."],
    "it": ["Officina Ferri, buongiorno, sono Carla."],
    "fi": ["Kukkakauppa Lumme, Anna puhelimessa."],
}
MACHINE_LONG = {
    "en": [
        "Hi, you've reached Peter and Anna. We can't come to the phone right now. Please leave "
        "your name and number after the tone, and we will call you back.",
        "Hello. This is the voicemail of Martin Okafor. I'm either away from my desk or on "
        "another call. Leave me a short message and I'll get back to you today.",
        "You have reached Elm Street Garage. Our office is closed at the moment. Our hours are "
        "eight to five on weekdays. Please call again, or leave a message.",
        "Hey, it's Sam. You know what to do, so do it after the beep. Oh, and speak slowly, "
        "because this thing is old.",
        "Thank you for calling. Nobody is available to take your call. At the tone, please "
        "record your message. When you have finished, you may hang up.",
        "Hello! Sorry we missed you. The Lindqvist family is out in the garden, or asleep. "
        "Tell us who you are, and we'll ring back.",
    ],
    "zh": [
        "您好，我现在不方便接听电话，请在提示音后留下您的姓名和电话，我会尽快给您回电。",
        "喂，你好，这里是王芳的语音信箱。我暂时不在，请在嘀声之后留言，谢谢。",
        "您好，欢迎致电东方公司。现在是下班时间，我们的工作时间是早上九点到下午六点，请留言。",
        "你好，我正在开会，有事请发短信，或者听到提示音以后留言。",
    ],
    "yue": [
        "你好，我而家唔方便聽電話，請喺響聲之後留低你嘅姓名同電話，我會盡快覆你。",
        "喂，你好，呢度係陳生嘅留言信箱，請留低口訊，多謝。",
    ],
    "es": [
        "Hola, has llamado a Marta. Ahora no puedo atenderte. Deja tu mensaje después de la "
        "señal y te llamo en cuanto pueda.",
        "Este es el contestador del taller Romero. Hemos cerrado por hoy. Puede dejar su recado.",
    ],
    "de": [
        "Guten Tag, hier ist der Anrufbeantworter von Petra Vogel. Ich bin gerade nicht zu "
        "Hause. Bitte sprechen Sie nach dem Signalton.",
        "Hallo, leider kann ich im Moment nicht ans Telefon gehen. Hinterlassen Sie mir eine "
        "Nachricht, ich rufe zurück.",
    ],
    "it": [
        "Risponde la segreteria di Paolo Bianchi. In questo momento non sono in casa. Lasciate "
        "un messaggio dopo il segnale.",
    ],
    "fi": [
        "Hei, olet soittanut Mikko Laineelle. En voi vastata juuri nyt. Jätä viesti "
        "äänimerkin jälkeen, niin soitan takaisin.",
    ],
}
MACHINE_SHORT = {
    "en": ["Hi, this is Tom, leave a message.", "Please leave a message after the tone.",
           "It's Julia. Leave me a message.", "Voicemail. Speak after the beep."],
    "zh": ["你好，请留言。", "我不在，请留言，谢谢。", "请在提示音后留言。"],
    "yue": ["請留言。", "我唔喺度，請留言，多謝。"],
    "es": ["Deja tu mensaje después de la señal."],
    "de": ["Bitte sprechen Sie nach dem Ton."],
    "it": ["Lasciate un messaggio dopo il segnale."],
    "fi": ["Jätä viesti äänimerkin jälkeen."],
}
MACHINE_GREETS = {  # said first, then a pause, then MACHINE_LONG
    "en": ["Hello.", "Hi there.", "Hi."],
    "zh": ["喂。", "您好。"],
    "yue": ["喂。", "你好。"],
    "es": ["Hola."],
    "de": ["Guten Tag.", "Hallo."],
    "it": ["Buongiorno."],
    "fi": ["Hei."],
}
CARRIER = {
    "en": [
        "The person you are calling is not available at the moment. Please try again later.",
        "The mobile you have called may be switched off. Please call back another time.",
        "All lines to this destination are busy just now. Please hang up and dial again.",
    ],
    "zh": [
        "对不起，您所呼叫的客户暂时没有应答，请过一会儿再试。",
        "您好，对方的手机已经关掉了，请晚一点再打。",
        "对不起，您打的号码不存在，请查一查再打。",
    ],
    "yue": ["對唔住，你打嘅電話暫時未能接通，請遲啲再打。"],
    "es": ["El número que ha marcado no está disponible. Inténtelo más tarde."],
    "de": ["Der Teilnehmer ist zurzeit nicht erreichbar. Bitte versuchen Sie es später."],
    "it": ["Il cliente desiderato non si trova. Prova di nuovo tra poco."],
    "fi": ["Numeroon ei juuri nyt saada yhteyttä. Yritä uudelleen."],
}
OUT_OF_SERVICE = {
    "en": ["The number you have dialed is not in service. Please check it and dial again.",
           "Your call cannot be put through. Please hang up and try later."],
    "zh": ["您打的号码是空号，请核对以后再打。"],
    "yue": ["你打嘅號碼係空號，請查清楚再打。"],
    "es": ["El número que ha marcado no existe."],
    "de": ["Kein Anschluss unter dieser Nummer."],
    "it": ["Il numero chiamato non esiste."],
    "fi": ["Valitsemasi numero ei ole käytössä."],
}
QUEUE = {
    "en": ["Thank you for holding. All of our advisers are busy. Please stay on the line."],
    "zh": ["感谢您的来电，客服正忙，请稍等。"],
    "yue": ["多謝來電，請等一等。"],
    "es": ["Gracias por esperar. Todos nuestros agentes están ocupados."],
    "de": ["Vielen Dank für Ihre Geduld. Bitte bleiben Sie am Apparat."],
    "it": ["Grazie per l'attesa. Restate in linea, per favore."],
    "fi": ["Kiitos odotuksesta. Pysykää linjalla."],
}
