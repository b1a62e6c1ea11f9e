// L'espace hors ligne : vérifier une carte, saisir des feuilles, voir et envoyer celles qui attendent.
import { fichiersDe, garderBrouillon, remettreBrouillon } from "./brouillon.js";
import { verifierCarte, texteDeCarte } from "./carte.js";
import { ecrire, lire, usagerCourant } from "./coffre.js";
import { Refus, envoyerTout, joindre, rafraichir } from "./envoi.js";
import { champsDe, fichesDe, garder, ouvrirFeuille, ouvrirPhoto, remettre, supprimer } from "./feuilles.js";
import { PERIME, dateEcrite, dateIso, joursDepuis, maintenant, phraseHorloge } from "./horloge.js";
import { preparer } from "./photo.js";
import { proposerQr } from "./qr.js";

const SEMAINE = 7 * 86_400_000;
const $ = (id) => document.getElementById(id);
const formulaire = $("feuille");
// Le brouillon part un instant après la frappe, un seul à la fois.
const brouillon = { minuterie: 0, ecriture: Promise.resolve() };
const etat = { usager: null, contact: null, cartes: null, referentiel: null, corrigee: null };

function element(balise, texte, valeurs = {}) {
    return Object.assign(document.createElement(balise), { textContent: texte, ...valeurs });
}

function bouton(titre, geste) {
    const fait = element("button", titre, { type: "button", className: "discret" });
    fait.addEventListener("click", geste);
    return fait;
}

function dire(id, phrases, classe = "erreur") {
    $(id).replaceChildren(...[phrases].flat().map((phrase) => element("p", phrase)));
    $(id).className = classe;
    $(id).hidden = !phrases.length;
}

// ---- état de l'appareil
async function relire() {
    etat.usager = await usagerCourant();
    etat.contact = await lire("reglages", "contact");
    etat.cartes = (await lire("reglages", "cartes"))?.contenu;
    const garde = await lire("reglages", "referentiel");
    etat.referentiel = garde && garde.usager === etat.usager ? garde : null;
}

async function montrerEtat() {
    const { contact, cartes, referentiel } = etat, phrases = [];
    phrases.push(navigator.onLine ? _t("Réseau présent.") : _t("Sans réseau : ce que vous saisissez reste ici, chiffré, et partira au retour."));
    if (cartes && referentiel) {
        phrases.push(_t("Cartes perdues ou annulées au %(cartes)s ; tarifs au %(tarifs)s.", {
            cartes: dateEcrite(`${cartes.date}T12:00Z`), tarifs: dateEcrite(referentiel.lu) }));
    }
    const age = referentiel ? joursDepuis(referentiel.lu, contact) : 0;
    if (age > PERIME) {
        phrases.push(_t("Les listes de cet appareil ont %(jours)s jours : cherchez du réseau pour les rafraîchir.", { jours: age }));
    }
    dire("etat", phrases, "carte");
    dire("horloge", [phraseHorloge(contact)].filter(Boolean));
    $("inconnu").hidden = Boolean(etat.usager && referentiel);
    $("travail").hidden = !$("inconnu").hidden;
    // L'heure la plus avancée que ce téléphone ait montrée : s'il recule ensuite, on le dit.
    if (contact && Date.now() > (contact.vu || 0)) {
        await ecrire(["reglages", "contact", { ...contact, vu: Date.now() }]);
    }
}

// ---- une carte
async function verifier(ev) {
    ev.preventDefault();
    const lu = $("carte").elements.matricule.value;
    const { verdict, phrase, matricule } = await verifierCarte(lu, etat.cartes, etat.contact);
    const titres = { oui: _t("Carte valable"), non: _t("Carte refusée"), doute: _t("Carte non vérifiée") };
    const classes = { oui: "accord", non: "carte refus", doute: "carte attente" };
    $("verdict").className = classes[verdict];
    $("verdict").hidden = false;
    $("verdict").replaceChildren(element("h2", titres[verdict]), element("p", phrase), ...matricule ? [bouton(_t("Saisir une feuille"), () => {
        formulaire.elements.matricule.value = lu.trim();
        formulaire.elements.reference.focus();
    })] : []);
}

// ---- la saisie
const prestations = () => etat.referentiel?.contenu.formations[formulaire.elements.formation.value]?.prestations || [];
const code = (texte) => texte.split(" — ")[0].trim();

function proposer(champ) {
    const texte = champ.value.trim().toLowerCase(), { contenu } = etat.referentiel;
    const source = { prestations: prestations(), pathologies: contenu.pathologies, praticiens: contenu.praticiens }[champ.getAttribute("list")];
    const trouves = source.filter(([cle, nom]) => `${cle} ${nom}`.toLowerCase().includes(texte)).slice(0, 15);
    $(champ.getAttribute("list")).replaceChildren(...trouves.map(([cle, nom, tarif]) => new Option(
        tarif ? _t("%(nom)s — %(tarif)s FCFA", { nom, tarif }) : nom, `${cle} — ${nom}`)));
}

function choisirPrestation(champ) {
    const [, , prix] = champ.closest(".prestation").querySelectorAll("input");
    const connue = prestations().find(([cle]) => cle === code(champ.value).toUpperCase());
    if (connue && connue[2] && !prix.value) {
        prix.value = connue[2];
    }
    champ.title = connue || !champ.value.trim() ? "" : _t(
        "« %(code)s » : inconnue ou non permise à votre formation, la caisse la refusera peut-être.", { code: code(champ.value) });
    dire("conseil", [champ.title].filter(Boolean), "carte attente");
}

function total() {
    const entier = (texte) => parseInt(texte.replace(/\s/g, ""), 10) || 0;
    $("total").textContent = [...$("lignes").children].reduce((somme, ligne) => {
        const [, quantite, prix] = ligne.querySelectorAll("input");
        return somme + entier(quantite.value) * entier(prix.value);
    }, 0).toLocaleString("fr-FR");
}

function nouvelleLigne() {
    const ligne = $("lignes").lastElementChild.cloneNode(true);
    ligne.querySelectorAll("input").forEach((champ) => { champ.value = ""; });
    $("lignes").append(ligne);
}

function vider() {
    formulaire.reset();
    [...$("lignes").children].slice(2).forEach((ligne) => ligne.remove());
    formulaire.elements.date_soins.value = dateIso(maintenant(etat.contact));
    etat.corrigee = null;
    total();
}

// Ce que l'appareil sait déjà refuser ; le reste, la caisse le dira.
async function manques() {
    const { reference, matricule, date_soins: jour } = formulaire.elements, phrases = [];
    const lignes = [...$("lignes").children].map((ligne) => [...ligne.querySelectorAll("input")].map((champ) => champ.value.trim()));
    if (!lignes.some(([prestation]) => prestation)) {
        phrases.push(_t("Inscrivez au moins une prestation."));
    }
    if (jour.value > dateIso(maintenant(etat.contact))) {
        phrases.push(_t("La date des soins est dans le futur."));
    }
    for (const fiche of await fichesDe(etat.usager)) {
        const { champs } = await ouvrirFeuille(fiche);
        if (fiche.id !== etat.corrigee?.id && champs.some(([nom, valeur]) => nom === "reference" && valeur.trim() === reference.value.trim())) {
            phrases.push(_t("La feuille « %(reference)s » est déjà sur cet appareil.", { reference: reference.value }));
        }
    }
    if (texteDeCarte(matricule.value).includes("|")) {
        const { verdict, phrase } = await verifierCarte(matricule.value, etat.cartes, etat.contact);
        phrases.push(...verdict === "non" ? [phrase] : []);
    }
    return phrases;
}

async function enregistrer(ev) {
    ev.preventDefault();
    const principal = formulaire.querySelector("button.principal");
    principal.disabled = true;
    try {
        const phrases = await manques(), fichiers = [];
        for (const piece of fichiersDe(formulaire)) {
            await preparer(piece.fichier, etat.referentiel.contenu.taille_max).then(
                (fichier) => fichiers.push({ ...piece, fichier }), (erreur) => phrases.push(erreur.message));
        }
        dire("erreurs", phrases);
        if (phrases.length) {
            $("erreurs").focus();
            return;
        }
        await navigator.storage?.persist?.();
        const gardees = etat.corrigee ? await anciensFichiers(etat.corrigee, fichiers) : fichiers;
        await garder(etat.usager, champsDe(formulaire), gardees, etat.corrigee?.id);
        await oublierBrouillon();
        vider();
        dire("fait", [_t("Feuille gardée sur l'appareil.")], "accord");
        await montrerFile();
        synchroniser();
    } catch (erreur) {
        dire("erreurs", [erreur.name === "QuotaExceededError"
            ? _t("La mémoire de ce téléphone est pleine : envoyez d'abord les feuilles qui attendent.")
            : _t("La feuille n'a pas pu être gardée : %(raison)s", { raison: erreur.message })]);
    } finally {
        principal.disabled = false;
    }
}

function brouillonBientot() {
    clearTimeout(brouillon.minuterie);
    brouillon.minuterie = setTimeout(() => {
        if (!etat.corrigee) {
            brouillon.ecriture = brouillon.ecriture.then(() => garderBrouillon(etat.usager, formulaire, `${etat.usager}-horsligne`)).catch(() => {});
        }
    }, 400);
}

async function oublierBrouillon() {
    clearTimeout(brouillon.minuterie);
    await brouillon.ecriture;
    await ecrire(["brouillons", `${etat.usager}-horsligne`]);
}

// Une feuille corrigée garde ses photos tant qu'on n'en choisit pas d'autres.
async function anciensFichiers(fiche, nouveaux) {
    if (nouveaux.length) {
        return nouveaux;
    }
    const { pieces } = await ouvrirFeuille(fiche);
    return Promise.all(pieces.map(async ({ photo, type, nom, mime }) => ({
        type, fichier: new File([await ouvrirPhoto(fiche.usager, photo)], nom, { type: mime }) })));
}

// ---- ce qui attend
const TITRES = { attente: _t("En attente"), refusee: _t("Refusée"), deposee: _t("Déposée") };

async function ligneDeFile(fiche) {
    const { champs, pieces, erreurs, numero } = await ouvrirFeuille(fiche);
    const ligne = element("li", ""), reference = (champs.find(([nom]) => nom === "reference") || [])[1];
    ligne.dataset.id = fiche.id;
    ligne.append(
        element("strong", reference || "—"), " ", element("span", TITRES[fiche.etat], { className: `etat etat-${fiche.etat === "refusee" ? "rejetee" : fiche.etat === "deposee" ? "validee" : "instance"}` }),
        " ", element("span", numero ? _t("sous le n° %(numero)s", { numero }) : _t("%(nombre)s fichier(s)", { nombre: pieces.length })),
        ...erreurs.map((phrase) => element("p", phrase, { className: "motif" })));
    if (fiche.etat !== "deposee") {
        ligne.append(bouton(_t("Corriger"), () => corriger(fiche)), " ", bouton(_t("Supprimer"), async () => {
            if (window.confirm(_t("Effacer la feuille « %(reference)s » de cet appareil ? Elle n'a pas été déposée.", { reference }))) {
                await supprimer(fiche);
                await montrerFile();
            }
        }));
    }
    return ligne;
}

async function montrerFile() {
    const fiches = await fichesDe(etat.usager);
    for (const fiche of fiches.filter(({ etat: ou, cree }) => ou === "deposee" && Date.now() - cree > SEMAINE)) {
        await supprimer(fiche);
    }
    $("file").replaceChildren(...await Promise.all(fiches.map(ligneDeFile)));
    const attente = fiches.filter(({ etat: ou }) => ou === "attente").length, refusees = fiches.filter(({ etat: ou }) => ou === "refusee").length;
    $("compte").textContent = _t("%(attente)s en attente, %(refusees)s refusée(s), %(deposees)s déposée(s).", {
        attente, refusees, deposees: fiches.length - attente - refusees });
    $("envoyer").hidden = !attente;
    $("attente").open ||= refusees > 0 || fiches.length <= 3;
}

async function corriger(fiche) {
    const { champs, erreurs } = await ouvrirFeuille(fiche);
    vider();
    remettre(formulaire, champs, nouvelleLigne);
    etat.corrigee = fiche;
    total();
    dire("erreurs", erreurs);
    formulaire.scrollIntoView();
}

// ---- envoi
async function synchroniser() {
    $("envoyer").disabled = true;
    dire("reseau", []);
    let fait = false;
    try {
        const session = await joindre();
        await rafraichir(session);
        await relire();
        await envoyerTout((id, pourcent) => {
            $("envoyer").textContent = _t("Envoi en cours : %(pourcent)s %", { pourcent });
            const marque = document.querySelector(`[data-id="${id}"] .etat`);
            if (marque) {
                marque.textContent = pourcent < 100 ? _t("Envoi %(pourcent)s %", { pourcent }) : _t("Reçue");
            }
        });
        fait = true;
        dire("reseau", []);
    } catch (erreur) {
        direCoupure(erreur);
    }
    $("envoyer").disabled = false;
    $("envoyer").textContent = _t("Envoyer maintenant");
    if (!fait) {
        await relire();
    }
    remplirListes();
    await montrerEtat();
    if (etat.usager) {
        await montrerFile();
    }
}

function direCoupure(erreur) {
    if (!(erreur instanceof Refus)) {
        dire("reseau", navigator.onLine ? [_t("Le réseau ne répond pas : rien n'est perdu, l'envoi reprendra.")] : [], "carte attente");
        return;
    }
    dire("reseau", erreur.phrases, "carte attente");
    if (erreur.statut === 401 || erreur.statut === 400) {
        $("reseau").append(element("a", _t("Se reconnecter"), { className: "bouton", href: "/web/login?redirect=/my/formation/horsligne" }));
    }
}

function remplirListes() {
    if (!etat.referentiel) {
        return;
    }
    const { formations, pieces } = etat.referentiel.contenu, { formation } = formulaire.elements;
    const choisie = formation.value;
    formation.replaceChildren(...Object.entries(formations).map(([cle, { nom }]) => new Option(nom, cle, false, cle === choisie)));
    formation.closest("label").hidden = Object.keys(formations).length < 2;
    document.querySelectorAll("select[name=type_piece]").forEach((choix, rang) => {
        if (!choix.options.length) {
            choix.replaceChildren(...pieces.map(([cle, nom], place) => new Option(nom, cle, false, place === rang)));
        }
    });
}

async function demarrer() {
    if (!window.indexedDB || !window.crypto?.subtle) {
        dire("etat", [_t("Ce navigateur ne sait pas garder une saisie chiffrée : utilisez l'espace avec du réseau.")]);
        return;
    }
    navigator.serviceWorker?.register("/my/formation/sw.js", { scope: "/my/formation" }).catch(() => {});
    await relire();
    remplirListes();
    await montrerEtat();
    vider();
    if (etat.usager) {
        await montrerFile();
        await remettreBrouillon(etat.usager, formulaire, nouvelleLigne, `${etat.usager}-horsligne`);
        total();
    }
    brancher();
    synchroniser();
}

function brancher() {
    formulaire.addEventListener("input", (ev) => {
        total();
        brouillonBientot();
        if (ev.target.getAttribute("list")) {
            proposer(ev.target);
        }
    });
    formulaire.addEventListener("change", (ev) => {
        brouillonBientot();
        if (ev.target.name === "prestation") {
            choisirPrestation(ev.target);
            total();
        }
    });
    document.querySelectorAll("input[name=matricule]").forEach(proposerQr);
    formulaire.addEventListener("submit", enregistrer);
    $("carte").addEventListener("submit", verifier);
    $("plus").addEventListener("click", nouvelleLigne);
    $("envoyer").addEventListener("click", synchroniser);
    window.addEventListener("online", synchroniser);
    window.addEventListener("offline", montrerEtat);
}

demarrer();
