"""Écrit en masse ce que le moteur a décidé : une requête par table, et rien de ce qui n'a pas changé."""
from .moteur import decision


def _colonne(valeurs, genre):
    """Rend un tableau PostgreSQL en texte : bien plus rapide à lire pour le serveur qu'un ARRAY[…]."""
    if genre == "text":
        return list(valeurs)
    return "{" + ",".join("NULL" if v is None else str(v) for v in valeurs) + "}"


def _tableaux(rangs, genres):
    colonnes = list(zip(*rangs)) if rangs else [()] * len(genres)
    return [_colonne(colonne, genre) for colonne, genre in zip(colonnes, genres)]


def _unnest(genres):
    return ", ".join(f"%s::{genre}[]" for genre in genres)


def ecrire(cr, lot, uid, version, changer_etat):
    """Écrit lignes, feuilles et anomalies de la tranche.

    :return: [(feuille, état d'avant, état d'après)] des feuilles qui changent d'état
    """
    _ecrire_lignes(cr, lot, uid)
    passages = _ecrire_feuilles(cr, lot, uid, version, changer_etat)
    _ecrire_anomalies(cr, lot, uid)
    return passages


GENRES_LIGNE = ("int", "int", "int", "int", "int", "int", "int", "int", "int", "text", "int", "int")


def _ecrire_lignes(cr, lot, uid):
    rangs = []
    for feuille in lot.feuilles:
        for li in feuille.lignes:
            taux = li.taux or 0
            neuf = (li.q, li.tarif or 0, li.base, max(taux - 100 * li.points, 0), li.part, li.ticket, li.depassement,
                    li.rejete, decision(li), li.rang, li.entente_id)
            if neuf != li.ancien:
                rangs.append((li.id, *neuf))
    if not rangs:
        return
    cr.execute(f"""
        UPDATE cnas_feuille_soin_ligne l
           SET quantite_retenue = v.q, tarif = v.tarif, montant_base = v.base, taux = v.taux / 100.0,
               montant_cnas = v.part, ticket_moderateur = v.ticket, depassement = v.depassement,
               montant_rejete = v.rejete, decision = v.decision, coefficient_multiple = v.rang,
               entente_imputee_id = v.entente, write_uid = %s, write_date = now() AT TIME ZONE 'UTC'
          FROM unnest({_unnest(GENRES_LIGNE)})
               AS v (id, q, tarif, base, taux, part, ticket, depassement, rejete, decision, rang, entente)
         WHERE l.id = v.id""", [uid, *_tableaux(rangs, GENRES_LIGNE)])


GENRES_FEUILLE = ("int", "int", "int", "int", "int", "int", "text", "text", "text", "text", "int")


def _ecrire_feuilles(cr, lot, uid, version, changer_etat):
    rangs, passages = [], []
    for feuille in lot.feuilles:
        lignes = feuille.lignes
        etat = feuille.etat if changer_etat else feuille.state
        neuf = (etat, sum(li.base for li in lignes), sum(li.part for li in lignes), sum(li.ticket for li in lignes),
                sum(li.depassement for li in lignes), sum(li.rejete for li in lignes),
                "fermes" if feuille.droits_code else "ouverts",
                "incomplet" if feuille.instance and feuille.etat == "instance" else "complet", feuille.regime_id)
        if neuf == feuille.ancien:
            continue
        motif = _motif_de_rejet(feuille) if etat == "rejetee" else None
        rangs.append((feuille.id, *neuf[1:6], neuf[0], neuf[6], neuf[7], motif, feuille.regime_id))
        if etat != feuille.state:
            passages.append((feuille, feuille.state, etat))
    if rangs:
        cr.execute(f"""
            UPDATE cnas_feuille_soin f
               SET montant_base = v.base, montant_cnas = v.part, ticket_moderateur = v.ticket,
                   depassement = v.depassement, montant_rejete = v.rejete, state = v.etat, etat_droits = v.droits,
                   completude = v.completude, regime_id = v.regime, motif_decision = COALESCE(v.motif, f.motif_decision),
                   date_controle = now() AT TIME ZONE 'UTC', version_regles = %s,
                   controle_initial = CASE WHEN v.etat = 'instance' THEN NULL
                                           WHEN f.state = 'deposee' OR f.controle_initial IS NULL THEN %s
                                           ELSE f.controle_initial END,
                   date_decision = CASE WHEN v.etat IN ('validee', 'rejetee') AND f.state <> v.etat
                                        THEN now() AT TIME ZONE 'UTC' ELSE f.date_decision END,
                   write_uid = %s, write_date = now() AT TIME ZONE 'UTC'
              FROM unnest({_unnest(GENRES_FEUILLE)})
                   AS v (id, base, part, ticket, depassement, rejete, etat, droits, completude, motif, regime)
             WHERE f.id = v.id""", [version, lot.instant, uid, *_tableaux(rangs, GENRES_FEUILLE)])
    return passages


def _motif_de_rejet(feuille):
    """Rend les motifs de rejet de la feuille, sans répétition, dans l'ordre des règles."""
    vus = dict.fromkeys(c.message for c in feuille.anomalies if c.severite == "rejet")
    return " ; ".join(vus)[:500] or "Toutes les lignes sont rejetées"


GENRES_ANOMALIE = ("int", "int", "int", "text", "text", "int", "int", "int", "int")


def _ecrire_anomalies(cr, lot, uid):
    neuves, perdues = [], []
    for feuille in lot.feuilles:
        anciennes = {}
        for ident, contenu in lot.anciennes.get(feuille.id, ()):
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
        cr.execute(f"""
            INSERT INTO cnas_anomalie (feuille_id, ligne_id, regle_id, severite, message, montant_avant, montant_apres,
                                       ordre, version, state, create_uid, create_date, write_uid, write_date)
            SELECT v.feuille, v.ligne, v.regle, v.severite, v.message, v.avant, v.apres, v.ordre, v.version, 'ouverte',
                   %s, now() AT TIME ZONE 'UTC', %s, now() AT TIME ZONE 'UTC'
              FROM unnest({_unnest(GENRES_ANOMALIE)})
                   WITH ORDINALITY AS v (feuille, ligne, regle, severite, message, avant, apres, ordre, version, rang)
             ORDER BY v.rang""", [uid, uid, *_tableaux(neuves, GENRES_ANOMALIE)])
