// Sur chaque page de l'espace, une fois la page affichée : installer l'espace hors ligne, rafraîchir ce que l'appareil
// emporte, envoyer ce qui attend, garder le brouillon de la saisie, tout effacer à la déconnexion. Sans lui, tout marche.
const usager = Number(document.querySelector("meta[name=cnas-usager]")?.content);
const HEURE = 3_600_000;

async function preparer() {
    const poste = await navigator.serviceWorker.register("/my/formation/sw.js", { scope: "/my/formation" });
    if (poste.active && !await caches.match("/my/formation/horsligne")) {
        await poste.update();
        if (!poste.installing && !poste.waiting) {
            poste.active.postMessage("emporter");
        }
    }
    const { ecrire, lire } = await import("./coffre.js");
    const { aEnvoyer } = await import("./feuilles.js");
    if (await lire("reglages", "usager") !== usager) {
        await ecrire(["reglages", "usager", usager]);
    }
    const attente = (await aEnvoyer(usager)).length;
    annoncer(attente);
    const contact = await lire("reglages", "contact");
    const referentiel = await lire("reglages", "referentiel");
    if (attente || !contact || Math.abs(Date.now() - contact.telephone) > HEURE || referentiel?.usager !== usager) {
        const { envoyerTout, joindre, rafraichir } = await import("./envoi.js");
        await rafraichir(await joindre());
        await envoyerTout();
        annoncer((await aEnvoyer(usager)).length);
    }
}

function annoncer(nombre) {
    const lien = document.querySelector("a[href='/my/formation/horsligne']");
    if (lien) {
        lien.textContent = nombre ? _t("Hors ligne (%(nombre)s)", { nombre }) : _t("Hors ligne");
    }
}

// Ce qui attend encore part avec la clé : on le demande avant.
async function sortir(adresse) {
    const { fichesDe } = await import("./feuilles.js");
    const { toutEffacer } = await import("./coffre.js");
    const restent = (await fichesDe(usager)).filter(({ etat }) => etat !== "deposee").length;
    if (restent && !window.confirm(_t("%(nombre)s feuille(s) ne sont pas parties : se déconnecter les efface de cet appareil. Continuer ?", { nombre: restent }))) {
        return;
    }
    try {
        await toutEffacer();
    } finally {
        window.location.assign(adresse);
    }
}

if (usager && "serviceWorker" in navigator && window.indexedDB && window.crypto?.subtle) {
    document.querySelectorAll("a[href*='/web/session/logout']").forEach((lien) => lien.addEventListener("click", (ev) => {
        ev.preventDefault();
        sortir(lien.href).catch(() => window.location.assign(lien.href));
    }));
    if (document.getElementById("saisie") || window.location.search.includes("message=deposee")) {
        import("./saisie.js").then(({ suivre }) => suivre(usager));
    }
    // Après l'affichage, et sans bruit : une coupure ici n'est pas une erreur de la page.
    window.addEventListener("load", () => setTimeout(() => preparer().catch(() => {}), 500));
}
