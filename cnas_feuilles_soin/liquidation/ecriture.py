"""Écrit en masse ce que le moteur a décidé : une requête par table, et rien de ce qui n'a pas changé."""
import json

from odoo.addons.cnas_base.faits import Correspondance, tableau, tableau_de_textes

TYPES_SQL = {"centiemes": "int", "id": "int"}


class Ecrits(Correspondance):
    """Ce que le moteur écrit dans une table : {colonne: le fait qu'elle reçoit}, et le genre de chaque colonne."""

    def __init__(self, **colonnes):
        super().__init__(**{colonne: fait for colonne, (fait, _genre) in colonnes.items()})
        self.genres = [genre for _fait, genre in colonnes.values()]

    def affectations(self):
        """Rend « colonne = v.colonne, … »."""
        return ", ".join(f"{nom} = {recue}" for nom, recue in self._recues())

    def differe(self, alias):
        """Rend la condition SQL : une des colonnes n'a pas déjà sa valeur."""
        noms, recues = zip(*self._recues())
        return f"({', '.join(f'{alias}.{nom}' for nom in noms)}) IS DISTINCT FROM ({', '.join(recues)})"

    def _recues(self):
        return [(nom, f"v.{nom} / 100.0" if genre == "centiemes" else f"v.{nom}") for nom, genre in zip(self, self.genres)]


LIGNE = Ecrits(
    quantite_retenue=("q", "int"), tarif=("tarif_retenu", "bigint"), montant_base=("base", "bigint"),
    taux=("taux_retenu", "centiemes"), montant_cnas=("part", "bigint"), ticket_moderateur=("ticket", "bigint"),
    depassement=("depassement", "bigint"), montant_rejete=("rejete", "bigint"), franchise=("franchise", "bigint"),
    decision=("decision", "text"), coefficient_multiple=("rang", "int"), hors_plafond=("hors_plafond", "bool"),
    entente_imputee_id=("entente_id", "id"))
FEUILLE = Ecrits(
    state=("etat", "text"), montant_base=("base", "bigint"), montant_cnas=("part", "bigint"),
    ticket_moderateur=("ticket", "bigint"), depassement=("depassement", "bigint"), montant_rejete=("rejete", "bigint"),
    etat_droits=("etat_droits", "text"), completude=("completude", "text"), regime_id=("regime_id", "id"))


def en_json(rangs):
    """Écrit des rangs jamais enregistrés comme la base les lit ; une date s'écrit AAAA-MM-JJ."""
    return json.dumps(rangs, default=str)


def _valeurs(noms, genres, rangs):
    """Rend le SQL qui donne ces rangs, `rang` compris, sous le nom « v », et ses paramètres.

    Une colonne qui ne varie pas (ni franchise, ni accord, ni dépassement…) s'écrit une fois pour tous.
    """
    variables, constantes = [], []
    for nom, genre, colonne in zip(noms, genres, zip(*rangs)):
        constante = variables and colonne.count(colonne[0]) == len(colonne)
        (constantes if constante else variables).append((nom, genre, colonne))
    tableaux = ", ".join(f"%s::{_type_sql(genre)}[]" for _nom, genre, _colonne in variables)
    seules = "".join(f", %s::{_type_sql(genre)} AS {nom}" for nom, genre, _colonne in constantes)
    return (f"(SELECT u.*{seules} FROM unnest({tableaux}) WITH ORDINALITY AS u ({', '.join(nom for nom, *_ in variables)}, rang)) AS v",
            [colonne[0] for *_, colonne in constantes]
            + [(tableau_de_textes if genre == "text" else tableau)(colonne) for _nom, genre, colonne in variables])


def _type_sql(genre):
    return TYPES_SQL.get(genre, genre)


def ecrire(cr, lot, uid, changer_etat):
    """Écrit lignes, feuilles et anomalies de la tranche.

    :return: [(feuille, état d'avant, état d'après)] des feuilles qui changent d'état
    """
    _ecrire_lignes(cr, lot)
    passages = _ecrire_feuilles(cr, lot, uid, changer_etat)
    ecrire_anomalies(cr, lot)
    return passages


def _ecrire_lignes(cr, lot):
    # L'auteur est sur la feuille : le redire à chaque ligne, à chaque anomalie, coûterait à la base un contrôle de clé par rang.
    rangs = [(ligne.id, *LIGNE.valeurs(ligne)) for feuille in lot.feuilles for ligne in feuille.lignes]
    if not rangs:
        return
    source, colonnes = _valeurs(["id", *LIGNE], ["id", *LIGNE.genres], rangs)
    cr.execute(f"""
        UPDATE cnas_feuille_soin_ligne l
           SET {LIGNE.affectations()}, write_date = now() AT TIME ZONE 'UTC'
          FROM {source} WHERE l.id = v.id AND {LIGNE.differe("l")}""", colonnes)


def _ecrire_feuilles(cr, lot, uid, changer_etat):
    rangs, passages = [], []
    for feuille in lot.feuilles:
        if not changer_etat:
            feuille.etat = feuille.state
        rangs.append((feuille.id, *FEUILLE.valeurs(feuille), _motif_de_rejet(feuille) if feuille.etat == "rejetee" else None))
        if feuille.etat != feuille.state:
            passages.append((feuille, feuille.state, feuille.etat))
    if rangs:
        source, colonnes = _valeurs(["id", *FEUILLE, "motif"], ["id", *FEUILLE.genres, "text"], rangs)
        cr.execute(f"""
            UPDATE cnas_feuille_soin f
               SET {FEUILLE.affectations()}, motif_decision = COALESCE(v.motif, f.motif_decision),
                   date_controle = now() AT TIME ZONE 'UTC', version_regles = %s,
                   controle_initial = CASE WHEN v.state = 'instance' THEN NULL
                                           WHEN f.state = 'deposee' OR f.controle_initial IS NULL THEN %s
                                           ELSE f.controle_initial END,
                   date_decision = CASE WHEN v.state IN ('validee', 'rejetee') AND f.state <> v.state
                                        THEN now() AT TIME ZONE 'UTC' ELSE f.date_decision END,
                   write_uid = %s, write_date = now() AT TIME ZONE 'UTC'
              FROM {source} WHERE f.id = v.id AND {FEUILLE.differe("f")}""",
                   [sum(regle.version for regle in lot.regles.values()), lot.instant, uid, *colonnes])
    return passages


def _motif_de_rejet(feuille):
    """Rend les motifs de rejet de la feuille, sans répétition, dans l'ordre des règles."""
    vus = dict.fromkeys(c.message for c in feuille.anomalies if c.severite == "rejet")
    return " ; ".join(vus)[:500] or "Toutes les lignes sont rejetées"


ANOMALIE = {
    "feuille_id": "id", "ligne_id": "id", "regle_id": "id", "severite": "text", "message": "text",
    "montant_avant": "bigint", "montant_apres": "bigint", "ordre": "int", "version": "int",
}


def retenir(lot):
    """Laisse à un humain la feuille qui garde une anomalie qu'aucune règle n'a réévaluée (règle éteinte depuis)."""
    for feuille in lot.feuilles:
        if feuille.etat == "validee" and any(contenu[1] not in lot.evaluees for _id, contenu in lot.anciennes.get(feuille.id, ())):
            feuille.etat = "controle"


def ecrire_anomalies(cr, lot):
    """Écrit les anomalies trouvées et retire celles que le passage a réévaluées et qui n'ont plus lieu d'être."""
    neuves, perdues = [], []
    for feuille in lot.feuilles:
        anciennes = {}
        for ident, contenu in lot.anciennes.get(feuille.id, ()):
            if contenu[1] in lot.evaluees:
                anciennes.setdefault(contenu, []).append(ident)
        for c in feuille.anomalies:
            contenu = (c.ligne, c.regle.id, c.severite, c.message, c.avant, c.apres, c.ordre, c.regle.version)
            if anciennes.get(contenu):
                anciennes[contenu].pop()
            else:
                neuves.append((feuille.id, c.ligne or None, *contenu[1:]))
        perdues.extend(ident for idents in anciennes.values() for ident in idents)
    if perdues:
        cr.execute("DELETE FROM cnas_anomalie WHERE id = ANY(%s)", [perdues])
    if neuves:
        source, colonnes = _valeurs(ANOMALIE, ANOMALIE.values(), neuves)
        noms = ", ".join(ANOMALIE)
        cr.execute(f"""
            INSERT INTO cnas_anomalie ({noms}, state, create_date, write_date)
            SELECT {noms}, 'ouverte', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
              FROM {source} ORDER BY v.rang""", colonnes)
