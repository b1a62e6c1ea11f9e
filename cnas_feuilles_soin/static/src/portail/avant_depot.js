// Saisie d'une feuille : ce que dirait le contrôle se montre avant l'envoi ; le prix se remplit du tarif choisi.
(function () {
    "use strict";

    const formulaire = document.getElementById("saisie");
    const constats = document.getElementById("constats");
    const bouton = formulaire.querySelector("button.principal");
    const controle = formulaire.elements.controle;
    const SEVERITES = { rejet: _t("sera rejeté"), abattement: _t("sera réduit"), instance: _t("attendra") };
    const tarifs = new Map();
    let vue = "";

    // ------------------------------------------------------------------ tarif
    formulaire.addEventListener("trouves", ({ detail }) => detail.forEach((trouve) => tarifs.set(trouve.code, trouve)));
    formulaire.addEventListener("input", ({ target }) => {
        const choisi = target.name === "prestation" && tarifs.get(target.value.split(" — ")[0]);
        if (!choisi) {
            return;
        }
        const prix = target.parentElement.querySelector("[name=prix_unitaire]");
        if (!prix.value && choisi.tarif !== false) {
            prix.value = choisi.tarif;
            prix.dispatchEvent(new Event("input", { bubbles: true }));
        }
        target.setCustomValidity("");
        target.title = choisi.interdit || "";
        target.style.borderColor = choisi.interdit ? "var(--rouge)" : "";
    });

    // ------------------------------------------------------------------ avant l'envoi
    function saisie() {
        const envoi = new FormData();
        for (const [nom, valeur] of new FormData(formulaire)) {
            if (!(valeur instanceof File)) {
                envoi.append(nom, valeur);
            }
        }
        formulaire.querySelectorAll(".piece").forEach((piece) => {
            if (piece.querySelector("input[type=file]").files.length) {
                envoi.append("piece_jointe", piece.querySelector("select").value);
            }
        });
        return envoi;
    }

    function montrer(juge) {
        constats.querySelector("ul").replaceChildren(...juge.constats.map((dit) => {
            const element = document.createElement("li");
            const phrase = { ligne: dit.ligne, suite: SEVERITES[dit.severite], message: dit.message };
            element.textContent = dit.ligne ? _t("Ligne %(ligne)s — %(suite)s : %(message)s", phrase) : _t("%(suite)s : %(message)s", phrase);
            return element;
        }));
        document.getElementById("issue").textContent =
            _t("Corrigez, ou appuyez encore pour déposer quand même : la caisse jugera sur pièces.");
        constats.hidden = false;
        constats.focus();
        constats.scrollIntoView({ block: "center" });
        bouton.textContent = _t("Déposer quand même");
    }

    // Avant l'écouteur qui envoie : un premier appui interroge, un second, sur la même saisie, dépose.
    formulaire.parentElement.addEventListener("submit", async (ev) => {
        const envoi = saisie();
        const cle = new URLSearchParams(envoi).toString();
        if (ev.target !== formulaire || cle === vue || !controle.value) {
            return;
        }
        ev.preventDefault();
        ev.stopPropagation();
        bouton.disabled = true;
        let juge = { constats: [] };
        try {
            const reponse = await fetch("/my/formation/feuilles/verifier", { method: "POST", body: envoi });
            juge = await reponse.json();
        } catch {
            // sans réseau, l'envoi dira lui-même ce qui ne va pas
        }
        bouton.disabled = false;
        vue = cle;
        if (juge.constats.length) {
            montrer(juge);
        } else {
            constats.hidden = true;
            formulaire.requestSubmit(bouton);
        }
    }, true);
})();
