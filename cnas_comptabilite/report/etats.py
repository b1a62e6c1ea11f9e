"""Les états : chacun lit les lignes d'`account` en une requête, et rend (titre, colonnes, lignes)."""
from odoo.addons.cnas_base.impression.langue import ARABE, FRANCAIS, _, en_arabe, sql_francais

TEXTE, JOUR, MONTANT = "texte", "jour", "montant"


def _nom(env):
    """Rend l'expression SQL de l'intitulé d'un compte `a`, traduit ou non : dans la langue de l'état, en français à défaut."""
    if not env["account.account"]._fields["name"].translate:
        return "a.name"
    return f"COALESCE(a.name->>'{ARABE if en_arabe() else FRANCAIS}', {sql_francais('a.name')})"


def _lire(env, requete, **parametres):
    env.flush_all()
    env.cr.execute(requete, parametres)
    return env.cr.fetchall()


def balance(env, societe, debut, fin, journal, prefixe, traduire=None):
    """La balance : à nouveau, débits, crédits et solde de chaque compte mouvementé ; la dernière ligne totalise."""
    lus = _lire(env, f"""
        SELECT a.code, {_nom(env)},
               COALESCE(SUM(l.balance) FILTER (WHERE l.date < %(debut)s), 0)::bigint,
               COALESCE(SUM(l.debit) FILTER (WHERE l.date >= %(debut)s), 0)::bigint,
               COALESCE(SUM(l.credit) FILTER (WHERE l.date >= %(debut)s), 0)::bigint, SUM(l.balance)::bigint
          FROM account_move_line l JOIN account_account a ON a.id = l.account_id
         WHERE l.company_id = %(societe)s AND l.parent_state = 'posted' AND l.date <= %(fin)s AND a.code LIKE %(prefixe)s
           AND (%(journal)s IS NULL OR l.journal_id = %(journal)s)
         GROUP BY a.id ORDER BY a.code""", societe=societe, debut=debut, fin=fin, prefixe=f"{prefixe}%", journal=journal or None)
    colonnes = [(_("Compte"), TEXTE), (_("Intitulé"), TEXTE), (_("À nouveau"), MONTANT), (_("Débit"), MONTANT), (_("Crédit"), MONTANT),
                (_("Solde débiteur"), MONTANT), (_("Solde créditeur"), MONTANT)]
    rangs = [(code, nom, avant, debit, credit, max(solde, 0), max(-solde, 0)) for code, nom, avant, debit, credit, solde in lus]
    if rangs:
        rangs.append((_("TOTAL"), "", *(sum(rang[i] for rang in rangs) for i in range(2, 7))))
    if traduire:
        colonnes.insert(1, (_("CIPRES (à confirmer)"), TEXTE))
        rangs = [(rang[0], traduire(rang[0]), *rang[1:]) for rang in rangs]
    return _("Balance"), colonnes, rangs


def grand_livre(env, societe, debut, fin, journal, prefixe, _traduire=None):
    """Le grand livre : compte par compte, son à nouveau puis chaque ligne, et le solde qui court."""
    lus = _lire(env, f"""
        SELECT a.code, {_nom(env)}, l.date, l.move_name, l.ref, l.name, l.debit::bigint, l.credit::bigint,
               SUM(l.balance) OVER (PARTITION BY a.id ORDER BY l.date, l.move_name, l.id)::bigint
          FROM account_move_line l JOIN account_account a ON a.id = l.account_id
         WHERE l.company_id = %(societe)s AND l.parent_state = 'posted' AND l.date <= %(fin)s AND a.code LIKE %(prefixe)s
           AND (%(journal)s IS NULL OR l.journal_id = %(journal)s)
         ORDER BY a.code, l.date, l.move_name, l.id""", societe=societe, fin=fin, prefixe=f"{prefixe}%", journal=journal or None)
    rangs, anterieurs, ouverts = [], {}, set()
    for code, nom, jour, piece, ref, libelle, debit, credit, solde in lus:
        if jour < debut:
            anterieurs[code] = solde
            continue
        if code not in ouverts:
            ouverts.add(code)
            rangs.append((code, None, _("À nouveau"), nom, 0, 0, anterieurs.get(code, 0)))
        rangs.append((code, jour, piece, " ".join(filter(None, (ref, libelle))), debit, credit, solde))
    return _("Grand livre"), [(_("Compte"), TEXTE), (_("Date"), JOUR), (_("Pièce"), TEXTE), (_("Libellé"), TEXTE), (_("Débit"), MONTANT),
                              (_("Crédit"), MONTANT), (_("Solde"), MONTANT)], rangs


def journal(env, societe, debut, fin, journal, prefixe, _traduire=None):
    """Le journal : les pièces dans l'ordre, et leurs lignes ; la dernière ligne totalise."""
    lus = _lire(env, """
        SELECT j.code, l.date, l.move_name, a.code, l.ref, l.name, l.debit::bigint, l.credit::bigint
          FROM account_move_line l JOIN account_account a ON a.id = l.account_id JOIN account_journal j ON j.id = l.journal_id
         WHERE l.company_id = %(societe)s AND l.parent_state = 'posted' AND l.date BETWEEN %(debut)s AND %(fin)s AND a.code LIKE %(prefixe)s
           AND (%(journal)s IS NULL OR l.journal_id = %(journal)s)
         ORDER BY l.date, j.code, l.move_name, l.sequence, l.id""",
        societe=societe, debut=debut, fin=fin, prefixe=f"{prefixe}%", journal=journal or None)
    rangs = [(code, jour, piece, compte, " ".join(filter(None, (ref, libelle))), debit, credit)
             for code, jour, piece, compte, ref, libelle, debit, credit in lus]
    if rangs:
        rangs.append((_("TOTAL"), None, "", "", "", sum(rang[5] for rang in rangs), sum(rang[6] for rang in rangs)))
    return _("Journal"), [(_("Journal"), TEXTE), (_("Date"), JOUR), (_("Pièce"), TEXTE), (_("Compte"), TEXTE), (_("Libellé"), TEXTE),
                          (_("Débit"), MONTANT), (_("Crédit"), MONTANT)], rangs


def emplois_ressources(env, societe, debut, fin, journal, prefixe, _traduire=None):
    """Le tableau emplois-ressources : charges, produits, résultat, et la trésorerie du début à la fin de la période."""
    lus = _lire(env, f"""
        SELECT LEFT(a.code, 1), a.code, {_nom(env)},
               COALESCE(SUM(l.balance) FILTER (WHERE l.date >= %(debut)s), 0)::bigint, SUM(l.balance)::bigint, a.account_type
          FROM account_move_line l JOIN account_account a ON a.id = l.account_id
         WHERE l.company_id = %(societe)s AND l.parent_state = 'posted' AND l.date <= %(fin)s AND a.code LIKE %(prefixe)s
           AND (%(journal)s IS NULL OR l.journal_id = %(journal)s)
         GROUP BY a.id ORDER BY a.code""", societe=societe, debut=debut, fin=fin, prefixe=f"{prefixe}%", journal=journal or None)
    charges = [(code, nom, mouvement) for classe, code, nom, mouvement, _solde, _type in lus if classe == "6" and mouvement]
    produits = [(code, nom, -mouvement) for classe, code, nom, mouvement, _solde, _type in lus if classe == "7" and mouvement]
    tresorerie = [(mouvement, solde) for classe, _code, _n, mouvement, solde, sorte in lus if classe == "5" and sorte == "asset_cash"]
    emplois, ressources = (sum(montant for *_reste, montant in cote) for cote in (charges, produits))
    rangs = [(_("RESSOURCES"), "", None, ressources), *((code, nom, None, montant) for code, nom, montant in produits),
             (_("EMPLOIS"), "", emplois, None), *((code, nom, montant, None) for code, nom, montant in charges),
             (_("RÉSULTAT"), _("Ressources moins emplois"), max(emplois - ressources, 0), max(ressources - emplois, 0)),
             (_("TRÉSORERIE"), _("Au début de la période"), None, sum(solde - mouvement for mouvement, solde in tresorerie)),
             ("", _("Variation"), None, sum(mouvement for mouvement, _solde in tresorerie)),
             ("", _("À la fin de la période"), None, sum(solde for _mouvement, solde in tresorerie))]
    return _("Emplois et ressources"), [(_("Compte"), TEXTE), (_("Intitulé"), TEXTE), (_("Emplois"), MONTANT), (_("Ressources"), MONTANT)], rangs
