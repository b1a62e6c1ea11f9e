"""Le format DCI (Digital Convergence Initiative, spdci.org, v1.0.0) : les messages JSON signés de l'état civil et du registre social.

On reçoit un envoi (`notify_event`) ou une réponse (`search_response`) ; on écrit un envoi. `doc/echanges.md` dit ce qu'on en garde.
"""
import base64
import hashlib
import json
import re
import time
import uuid
from datetime import datetime

from odoo import _
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import NDJAMENA, jour_ecrit
from odoo.addons.cnas_base.lecture import montrer

from .fhir.erreur import FhirErreur
from .fhir.reception import lire_corps

VERSION = "1.0.0"
DUREE_SIGNATURE = 30 * 86400
# Un nom, un numéro, une signature tiennent là ; plus long, un texte n'a pas été relu par la réception.
TEXTE_MAX = 4096
LD = ("@context", "@id", "@type")
STATUT = ("status", "status_reason_code", "status_reason_message")
PERSONNE = (
    *LD, "identifier", "name", "phone_number", "email", "sex", "birth_date", "birth_place", "death_date", "death_place", "address", "marital_status",
    "marriage_date", "divorce_date", "parent1_identifier", "parent2_identifier", "additional_attributes", "is_disabled", "disability_info", "disability_identifier",
    "disability_type", "functional_limitation_type", "functional_severity", "nationality", "employment_status", "is_deceased", "ethnicity",
    "household_identifier", "household_status", "poverty_score", "registration_date", "last_updated", "occupation", "income_level", "language_code",
    "education_level")
# Les champs de la norme, par objet : un champ qu'elle n'a pas se refuse, ses ajouts vont dans `additional_attributes`.
CHAMPS = {
    "envoi": ("signature", "header", "message"),
    "header": ("version", "message_id", "message_ts", "action", *STATUT, "total_count", "completed_count", "sender_id", "sender_uri", "receiver_id",
               "is_msg_encrypted", "meta"),
    "message": ("transaction_id", "correlation_id", "notify_event", "search_response"),
    "evenement": ("reference_id", "timestamp", *STATUT, "data", "pagination", "locale"),
    "data": ("version", "reg_type", "reg_event_type", "reg_record_type", "reg_records"),
    "groupe": (*LD, "group_identifier", "group_type", "place", "place_address", "poverty_score", "poverty_score_type", "group_size",
               "group_head_info", "member_list", "additional_attributes", "registration_date", "last_update", "last_updated"),
    "membre": (*PERSONNE, "member_identifier", "demographic_info", "person", "relationship_head", "relationship_to_head", "related_person"),
}
EVENEMENTS = {"birth": "naissance", "livebirth": "naissance", "death": "deces"}
NNI, MATRICULE, ACTES = ("NNI", "UIN", "NID", "NATIONALID"), ("MATRICULE",), {"naissance": ("BRN",), "deces": ("DRN",)}
SEXES = {"male": "M", "female": "F", "unknown": ""}
LIENS = {"self": "chef", "head": "chef", "spouse": "conjoint", "wife": "conjoint", "husband": "conjoint", "child": "enfant", "son": "enfant",
         "daughter": "enfant", "parent": "ascendant", "father": "ascendant", "mother": "ascendant", "other": "autre"}
LIENS_ECRITS = {"conjoint": "spouse", "enfant": "child", "ascendant": "parent", "autre": "other"}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")
_PARTIES = re.compile(r'(\w+)="([^"]*)"')


# ---------------------------------------------------------------------- recevoir
def lire_envoi(octets):
    """Rend l'envoi DCI d'un fichier.

    :raise UserError: ni JSON ni DCI, trop gros, trop profond, chiffré, ou d'un champ que la norme n'a pas
    """
    try:
        envoi = _objet(lire_corps(octets), "envoi", "")
    except FhirErreur as refus:
        raise UserError(str(refus)) from None
    entete = _objet(envoi.get("header"), "header", "header")
    if entete.get("is_msg_encrypted") not in (None, False):
        raise UserError(_("Cet envoi DCI est chiffré : demandez-le en clair, signé."))
    for ou, _nature, fiche in enregistrements(envoi):
        _objet(fiche, "groupe" if "member_list" in fiche or "group_identifier" in fiche else "membre", ou)
    return envoi


def enregistrements(envoi):
    """Rend [(chemin, nature ou type d'événement, enregistrement)] d'un envoi ; une réponse à une recherche se lit de même."""
    message, trouves = _objet(envoi.get("message"), "message", "message"), []
    for cle in ("notify_event", "search_response"):
        for rang, recu in enumerate(_liste(message.get(cle), f"message.{cle}")):
            ou = f"message.{cle}[{rang}]"
            donnees = _objet(_objet(recu, "evenement", ou).get("data"), "data", f"{ou}.data")
            dit = _texte(donnees.get("reg_event_type"), f"{ou}.data.reg_event_type").rpartition(":")[2]
            for place, fiche in enumerate(_liste(donnees.get("reg_records"), f"{ou}.data.reg_records")):
                chemin = f"{ou}.data.reg_records[{place}]"
                trouves.append((chemin, dit, _dictionnaire(fiche, chemin)))
    if not trouves:
        raise UserError(_("Cet envoi DCI ne porte aucun enregistrement (« reg_records »)."))
    return trouves


def lire_actes(envoi):
    """Rend les actes d'état civil d'un envoi, sous nos noms de colonnes."""
    lus = []
    for ou, dit, fiche in enregistrements(envoi):
        nature = EVENEMENTS.get(dit.lower(), dit) if dit and dit.upper() != "REGISTER" else "deces" if fiche.get("death_date") else "naissance"
        numeros = _identifiants(fiche.get("identifier"), f"{ou}.identifier")
        # d'une naissance, le dossier est celui de la mère : le premier parent, à défaut le second
        parents = [_identifiants(fiche.get(nom), f"{ou}.{nom}") for nom in ("parent1_identifier", "parent2_identifier")]
        dossier = next(filter(None, parents), {}) if nature == "naissance" else numeros
        lus.append({
            "nature": nature, "numero_acte": _parmi(numeros, ACTES.get(nature, ())), "matricule": _parmi(dossier, MATRICULE), "nni": _parmi(dossier, NNI),
            "date_evenement": _jour(fiche.get("death_date" if nature == "deces" else "birth_date"), ou), **_noms(fiche, ou)})
    return lus


def lire_membres(envoi):
    """Rend les personnes des ménages d'un envoi, le chef d'abord, sous nos noms de colonnes."""
    lus = []
    for ou, _dit, groupe in enregistrements(envoi):
        menage = next(iter(_identifiants(groupe.get("group_identifier"), f"{ou}.group_identifier").values()), "")
        lieu = _texte(_dictionnaire(groupe.get("place") or {}, f"{ou}.place").get("name"), f"{ou}.place.name")
        chef, membres = groupe.get("group_head_info"), _liste(groupe.get("member_list"), f"{ou}.member_list")
        siens = [_membre(chef, f"{ou}.group_head_info", "chef")] if chef else []
        siens += [_membre(membre, f"{ou}.member_list[{rang}]") for rang, membre in enumerate(membres)]
        if not siens:
            siens = [_membre(groupe, ou)]
        # le chef passe devant ; il revient d'ordinaire parmi les membres
        chefs = [personne for personne in siens if personne["lien"] == "chef"][:1]
        siens = chefs + [personne for personne in siens if personne["lien"] != "chef"]
        lus += [{**personne, "menage": menage, "localite": lieu} for personne in siens]
    return lus


def _membre(recu, ou, lien=None):
    """Rend une personne d'un ménage ; la norme l'emboîte de plusieurs façons."""
    membre = _dictionnaire(recu, ou)
    membre = _objet(membre.get("household_member", membre), "membre", ou)
    fiche = _dictionnaire(membre.get("demographic_info", membre), f"{ou}.demographic_info")
    fiche = _objet(fiche.get("person", fiche), "membre", f"{ou}.person")
    dit = _texte(membre.get("relationship_head", membre.get("relationship_to_head")), f"{ou}.relationship_head")
    telephones = _liste(fiche.get("phone_number"), f"{ou}.phone_number")
    return {"nni": _parmi(_identifiants(fiche.get("identifier"), f"{ou}.identifier"), NNI), **_noms(fiche, ou),
            "date_naissance": _jour(fiche.get("birth_date"), ou), "lien": lien or LIENS.get(dit.lower(), dit),
            "telephone": _texte(telephones[0], f"{ou}.phone_number") if telephones else ""}


def _noms(fiche, ou):
    nom = fiche.get("name")
    nom = _dictionnaire((nom[0] if nom else {}) if isinstance(nom, list) else nom or {}, f"{ou}.name")
    prenoms = [_texte(nom.get(cle), f"{ou}.name.{cle}") for cle in ("given_name", "first_name", "second_name")]
    sexe = _texte(fiche.get("sex"), f"{ou}.sex")
    return {"nom": _texte(nom.get("surname"), f"{ou}.name.surname"), "prenom": " ".join(filter(None, prenoms)), "genre": SEXES.get(sexe.lower(), sexe)}


def _identifiants(recus, ou):
    """Rend {genre en majuscules: valeur} d'un identifiant, ou d'une liste."""
    lus = {}
    for recu in _liste([recus] if isinstance(recus, dict) else recus, ou):
        recu = _dictionnaire(recu, ou)
        lus[_texte(recu.get("identifier_type"), ou).upper()] = _texte(recu.get("identifier_value"), ou)
    return {genre: valeur for genre, valeur in lus.items() if valeur}


def _parmi(identifiants, genres):
    return next((identifiants[genre] for genre in genres if genre in identifiants), "")


def _jour(valeur, ou):
    """Rend le jour, à N'Djamena, d'un instant de la norme ; ce qui n'en est pas un reste tel quel, la lecture le refusera."""
    texte = _texte(valeur, ou)
    if not _INSTANT.fullmatch(texte):
        return texte
    try:
        return str(jour_ecrit(texte))
    except ValueError:
        return texte


def _objet(valeur, genre, ou):
    """Rend un objet dont tous les champs sont de la norme."""
    inconnus = sorted(_dictionnaire(valeur, ou).keys() - set(CHAMPS[genre]))
    if inconnus:
        raise UserError(_("Le champ « %(champ)s » n'est pas de la norme DCI : mettez-le dans « additional_attributes », ou ôtez-le.",
                          champ=".".join(filter(None, (ou, inconnus[0][:64])))))
    return valeur


def _dictionnaire(valeur, ou):
    if not isinstance(valeur, dict):
        raise UserError(_("Envoi DCI illisible à « %(ou)s » : attendu un objet, lu « %(lu)s ».", ou=ou or "envoi", lu=montrer(valeur)))
    return valeur


def _liste(valeur, ou):
    if valeur in (None, ""):
        return []
    if not isinstance(valeur, list):
        raise UserError(_("Envoi DCI illisible à « %(ou)s » : attendu une liste, lu « %(lu)s ».", ou=ou, lu=montrer(valeur)))
    return valeur


def _texte(valeur, ou):
    if valeur is not None and (isinstance(valeur, bool) or not isinstance(valeur, (str, int)) or len(str(valeur)) > TEXTE_MAX):
        raise UserError(_("Envoi DCI illisible à « %(ou)s » : attendu un texte, lu « %(lu)s ».", ou=ou, lu=montrer(valeur)))
    return "" if valeur is None else str(valeur).strip()


# ---------------------------------------------------------------------- signature
def a_signer(envoi, creee, expire):
    """Rend le texte que signe l'émetteur : ses deux instants et le condensat de l'en-tête et du message, en JSON canonique."""
    canonique = json.dumps({"header": envoi["header"], "message": envoi["message"]}, sort_keys=True, ensure_ascii=False, separators=(",", ":"),
                           default=float)
    # un demi-signe (« \ud800 ») n'est d'aucun UTF-8 : sa signature sera fausse, sans panne
    condensat = base64.b64encode(hashlib.sha256(canonique.encode(errors="surrogatepass")).digest()).decode()
    return f"(created): {creee}\n(expires): {expire}\ndigest: SHA-256={condensat}"


def lire_signature(envoi):
    """Rend (émetteur, texte signé, signature en octets), ou None si l'envoi n'est pas signé en Ed25519."""
    parties = dict(_PARTIES.findall(_texte(envoi.get("signature"), "signature")))
    emetteur, _cle, algorithme = [*parties.get("kidId", parties.get("keyId", "")).split("|"), "", ""][:3]
    if not emetteur or emetteur != envoi["header"].get("sender_id") or algorithme != "ed25519":
        return None
    creee, expire = parties.get("created", ""), parties.get("expires", "")
    try:
        signature = base64.b64decode(parties.get("signature", ""), validate=True)
        a_jour = int(creee) - 300 <= time.time() <= int(expire)
    except ValueError:
        return None
    return (emetteur, a_signer(envoi, creee, expire), signature) if a_jour else None


# ---------------------------------------------------------------------- envoyer
def ecrire_envoi(registre, genre, fiches, cle, signer):
    """Rend les octets d'un envoi (`notify`) signé.

    :param registre: « Civil » ou « Social » ; genre : celui des enregistrements
    :param cle: l'identifiant de notre clé ; signer : rend la signature d'un texte
    """
    creee = int(time.time())
    instant = datetime.fromtimestamp(creee, NDJAMENA).isoformat()
    envoi = {
        "header": {"version": VERSION, "message_id": str(uuid.uuid4()), "message_ts": instant, "action": "notify", "sender_id": "cnas",
                   "total_count": len(fiches), "is_msg_encrypted": False},
        "message": {"transaction_id": str(uuid.uuid4()), "notify_event": [{
            "reference_id": str(uuid.uuid4()), "timestamp": instant, "data": {
                "version": VERSION, "reg_type": f"ns:org:RegistryType:{registre}", "reg_record_type": genre, "reg_records": fiches}}]}}
    expire = creee + DUREE_SIGNATURE
    signature = base64.b64encode(signer(a_signer(envoi, creee, expire))).decode()
    envoi["signature"] = (f'Signature: namespace="dci", kidId="cnas|{cle}|ed25519", algorithm="ed25519", created="{creee}", expires="{expire}", '
                          f'headers="(created) (expires) digest", signature="{signature}"')
    return json.dumps(envoi, ensure_ascii=False).encode()


def ecrire_personne(rang):
    """Rend la `CRVS_Person` d'une ligne de notre registre."""
    numeros = [("MATRICULE", rang["matricule"]), ("UIN", rang["nni"])]
    fiche = {"@type": "CRVS_Person", "identifier": [_ecrire_identifiant(*numero) for numero in numeros if numero[1]],
             "name": {"surname": rang["nom"] or "", "given_name": rang["prenom"] or ""},
             "sex": {"masculin": "male", "feminin": "female"}.get(rang["genre"], "unknown"), "birth_date": _ecrire_jour(rang["date_naissance"])}
    return {**fiche, "death_date": _ecrire_jour(rang["date_deces"])} if rang["date_deces"] else fiche


def ecrire_groupe(menage, rangs):
    """Rend le `Group` d'un ménage : son chef s'il en est, puis ses membres."""
    chef = next((rang for rang in rangs if rang["lien"] == "principal"), None)
    return {"@type": "Group", "group_identifier": [_ecrire_identifiant("MATRICULE", menage)], "group_type": "family",
            **({"group_head_info": _ecrire_membre(chef, "self")} if chef else {}),
            "member_list": [_ecrire_membre(rang, LIENS_ECRITS.get(rang["lien"], "other")) for rang in rangs if rang is not chef]}


def _ecrire_membre(rang, lien):
    return {"member_identifier": [_ecrire_identifiant("MATRICULE", rang["matricule"])], "relationship_head": lien,
            "demographic_info": {**ecrire_personne(rang), "@type": "Person"}}


def _ecrire_identifiant(genre, valeur):
    return {"@type": "Identifier", "identifier_type": genre, "identifier_value": valeur}


def _ecrire_jour(jour):
    return f"{jour}T00:00:00" if jour else ""
