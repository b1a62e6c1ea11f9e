from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError
from odoo.modules.db import FunctionStatus
from odoo.osv import expression
from odoo.tools import SQL

from odoo.addons.cnas_base.lecture import chiffres_latins, sans_accent

from ...phonetique import mots as mots_utiles
from ...phonetique import se_disent_pareil, squelette, transliterer

# Au-delà, une recherche passe par une sous-requête plutôt que par la liste des identifiants.
IDENTIFIANTS_MAX = 3000
# Ce qu'une liste lit au plus de graphies proches ; un champ qui propose quelques noms en lit moins.
PROCHES_LUS, PROCHES_PROPOSES = 200, 60
# Deux lettres se disent comme trop de noms.
LETTRES_MIN = 3
# Un mot plus court a trop peu de morceaux pour mener vite à quelques noms.
LETTRES_RARES = 6
OPERATEURS = ("ilike", "=ilike", "like", "=like", "=")

# Chaque mot cherché se dit comme un mot du nom. D'abord les noms faits de ces mots, qui se suivent dans l'index des
# squelettes ; s'ils n'y suffisent pas, ceux qui les ont parmi d'autres : l'autre index les croise sans lire la table.
SQL_PROCHES = """
SELECT id, concat_ws(' ', name, nom_ar, prenom_ar) FROM (
       SELECT id, name, nom_ar, prenom_ar FROM cnas_assure WHERE id <> ALL(%(sauf)s::int[]) AND {chemin} LIMIT %(lus)s) AS proches
 ORDER BY similarity(name, %(texte)s) DESC, id
"""
CHEMINS = (
    "nom_phonetique >= %(debut)s AND nom_phonetique < %(debut)s || ' ~' ORDER BY nom_phonetique",
    """(string_to_array(nom_phonetique::text, ' ') @> %(squelettes)s::text[]
        OR cle_arabe IS NOT NULL AND string_to_array(cle_arabe::text, ' ') @> %(squelettes)s::text[])""")


class AssureRecherche(models.Model):
    """Retrouver une personne : d'abord ce qui s'écrit comme on l'a cherché, puis ce qui se dit pareil.

    « mohamed saleh » trouve Mahamat Saleh, « Hawa Adam » Adam Haoua, « محمد » Mahamat : dans la liste, dans un champ
    qui désigne un assuré (le bénéficiaire d'une feuille), par XML-RPC.
    """

    _inherit = "cnas.assure"

    recherche = fields.Char(
        string="Nom, matricule, carte ou téléphone", compute="_compute_recherche", search="_search_recherche")

    def _compute_recherche(self):
        self.recherche = False

    def _search_recherche(self, operator, value):
        """Cherche ce que l'usager a sous les yeux : un nom, un matricule, une carte, un QR, un téléphone."""
        if not isinstance(value, str) or operator not in OPERATEURS:
            raise UserError(_("Cherchez un nom, un matricule, un numéro de carte ou un téléphone."))
        return self._trouver(value)[0]

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, access_rights_uid=None):
        """Range les graphies proches après le reste, tant que l'usager n'a pas choisi un autre tri."""
        developpe, proches = [], []
        for terme in domain or ():
            if isinstance(terme, (list, tuple)) and len(terme) == 3 and terme[0] == "recherche" and terme[1] in OPERATEURS and (
                    isinstance(terme[2], str)):
                trouve, ids = self._trouver(terme[2])
                developpe += expression.normalize_domain(trouve)
                proches += ids
            else:
                developpe.append(terme)
        requete = super()._search(developpe, offset, limit, order, access_rights_uid)
        if proches and order == self._order:
            requete.order = SQL("array_position(%s::int[], %s) NULLS FIRST, %s", proches,
                                SQL.identifier(self._table, "id"), self._order_to_sql(order, requete))
        return requete

    @api.model
    def _name_search(self, name, domain=None, operator="ilike", limit=None, order=None):
        """Trouve aussi par numéro de carte, contenu de QR, téléphone ou NNI, et par graphies proches."""
        if not name or operator != "ilike":
            return super()._name_search(name, domain, operator, limit, order)
        name = chiffres_latins(name) if isinstance(name, str) else name
        if not limit:
            return self._search(expression.AND([[("recherche", "ilike", name)], domain or []]), order=order)
        debuts = self._permis(self._commencant_par(name), domain) if order == self._order else []
        if len(debuts) >= limit:
            return debuts[:limit]
        # L'ordre de la liste ferait lire dix mille noms pour en proposer huit.
        exacts = list(self._search(
            expression.AND([self._domaine_exact(name), domain or []]), limit=limit, order="id" if order == self._order else order))
        manquent = limit - len(exacts)
        return exacts + self._completer_a_l_oreille(name, exacts, domain, manquent) if manquent else exacts

    # ------------------------------------------------------------------ privé
    @api.model
    def _completer_a_l_oreille(self, texte, exacts, domain, manquent):
        """Rend au plus `manquent` graphies proches que le domaine permet."""
        entendus = self._proches(texte, exacts, PROCHES_PROPOSES, manquent)
        proches = self._permis(entendus, domain)
        if len(proches) < manquent <= len(entendus):
            # Le domaine en écarte : d'autres, lus plus loin, peuvent en être.
            proches = self._permis(self._proches(texte, exacts, PROCHES_PROPOSES), domain)
        return proches[:manquent]

    @api.model
    def _permis(self, ids, domain):
        """Rend, dans leur ordre, ceux de ces assurés que l'appelant voit et que le domaine retient."""
        permis = set(self._search(expression.AND([[("id", "in", ids)], domain or []]))) if ids else ()
        return [ident for ident in ids if ident in permis]

    @api.model
    def _commencant_par(self, texte):
        """Rend quelques assurés dont le nom commence par ces mots, ou par ces deux mots retournés : un index y mène droit."""
        mots = texte.split()
        if len(mots) < 2 or self.pool.has_unaccent != FunctionStatus.INDEXABLE:
            return []
        self.flush_model(["name"])
        debuts = [mots, mots[::-1]] if len(mots) == 2 else [mots]
        requete = SQL(" UNION ").join(SQL(
            "(SELECT id FROM cnas_assure WHERE lower(unaccent(name::text)) LIKE lower(unaccent(%s)) LIMIT %s)",
            tools.escape_psql(" ".join(debut)) + "%", PROCHES_PROPOSES) for debut in debuts)
        self.env.cr.execute(requete)
        return sorted(ident for (ident,) in self.env.cr.fetchall())

    @api.model
    def _trouver(self, texte):
        """Rend (domaine, graphies proches) : ce que cherche `texte`, et ce qui n'y est venu que par l'oreille."""
        texte = chiffres_latins(texte)
        exact = self._domaine_exact(texte)
        if not self._squelettes(texte):
            return exact, []
        self.flush_model(["name"])
        requete = self._where_calc(exact, active_test=False)
        # Après deux pages de noms tels qu'écrits, personne ne lit ceux qui y ressemblent.
        requete.limit = PROCHES_LUS + 1
        exacts = list(requete)
        proches = self._proches(texte, exacts) if len(exacts) <= PROCHES_LUS else []
        return ([("id", "in", exacts + proches)], proches) if proches else (exact, [])

    @api.model
    def _squelettes(self, texte):
        """Rend ce que l'oreille garde d'un nom cherché ; rien d'un numéro ni de deux lettres."""
        lu = sans_accent(texte)
        if any(c.isdigit() for c in texte) or len(lu) < LETTRES_MIN:
            return []
        return sorted({squelette(mot) for mot in mots_utiles(texte)} - {""})

    @api.model
    def _proches(self, texte, sauf, maximum=PROCHES_LUS, assez=None):
        """Rend les assurés dont le nom se dit comme `texte`, sauf ceux-là, les plus ressemblants d'abord.

        :param assez: combien suffisent pour ne pas lire plus loin (défaut : la moitié de ce qui se lit)
        :return: identifiants, archivés compris : à l'appelant de filtrer
        """
        squelettes = self._squelettes(texte)
        if not squelettes:
            return []
        self.flush_model(["name", "nom_phonetique", "nom_ar", "prenom_ar", "cle_arabe"])
        parametres = {"squelettes": squelettes, "debut": " ".join(squelettes), "sauf": list(sauf), "texte": transliterer(texte), "lus": maximum}
        for chemin in CHEMINS:
            self.env.cr.execute(SQL_PROCHES.format(chemin=chemin), parametres)
            proches = [ident for ident, nom in self.env.cr.fetchall() if se_disent_pareil(texte, nom)]
            if len(proches) >= (assez or maximum / 2):
                break
        return proches

    @api.model
    def _domaine_exact(self, texte):
        """Rend le domaine qui cherche `texte` tel qu'écrit : un numéro entier, un début de matricule, des morceaux de nom.

        L'ordre des mots d'un nom n'y compte pas.

        :param str texte: nom, matricule, numéro de carte, contenu d'un QR (`version|matricule|carte|…`),
            téléphone ou NNI
        """
        morceaux = [m for m in texte.split("|") if self._cle_valide(self._normaliser_matricule(m))]
        trouves = list(filter(None, self._resoudre_matricules(morceaux).values()))
        if trouves:
            return [("id", "in", trouves)]
        if any(c.isdigit() for c in texte):
            compact = self._normaliser_matricule(texte)
            return expression.OR([
                [("matricule", "=like", f"{compact}%")], [("nni", "=", compact)],
                [("telephone_1", "=", self._formater_telephone(texte, tolerant=True))],
                [("name", "ilike", texte)]])
        mots = sans_accent(texte).split()
        if mots and not any(c.isascii() for c in "".join(mots)):
            ailleurs = self._domaine_autre_ecriture(texte, mots)
            if ailleurs:
                return ailleurs
        if len(mots) < 2:
            return [("name", "ilike", texte.strip())]
        return [("id", "in", self._chercher_mots(mots))]

    @api.model
    def _chercher_mots(self, mots):
        """Rend les assurés dont chaque mot cherché commence un mot du nom, à défaut en est un morceau : des ids, ou leur SQL s'ils sont trop."""
        self.flush_model(["name"])
        morceaux = self._requete_morceaux(mots)
        if any(self._est_rare(mot) for mot in mots):
            ids = self._lire_ids(*morceaux)
            if len(ids) <= IDENTIFIANTS_MAX:
                return ids and (self._lire_ids(*self._requete_debuts_de_mots(mots, ids)) or ids)
        for requete in (self._requete_debuts_de_mots(mots), morceaux):
            ids = self._lire_ids(*requete)
            if len(ids) > IDENTIFIANTS_MAX:
                return SQL("(%s)", SQL(requete[0], *requete[1]))
            if ids:
                return ids
        return []

    @api.model
    def _lire_ids(self, requete, parametres):
        self.env.cr.execute(f"{requete} LIMIT %s", (*parametres, IDENTIFIANTS_MAX + 1))
        return [ident for (ident,) in self.env.cr.fetchall()]

    @api.model
    def _est_rare(self, mot):
        """Dit si le mot est long et qu'aucun des plus courants ne commence ainsi : ses morceaux se lisent alors plus vite que les débuts des autres."""
        courants = self._mots_courants()
        return len(mot) >= LETTRES_RARES and bool(courants) and not any(courant.startswith(mot) for courant in courants)

    @api.model
    @tools.ormcache()
    def _mots_courants(self):
        """Rend les mots les plus courants des noms, d'après les statistiques de la base ; périmées, elles ne coûtent que du temps."""
        self.env.cr.execute("""
            SELECT most_common_elems::text::text[] FROM pg_stats
             WHERE tablename = 'cnas_assure_mots_idx' AND schemaname = current_schema""")
        rang = self.env.cr.fetchone()
        return tuple(rang and rang[0] or ())

    @api.model
    def _domaine_autre_ecriture(self, texte, mots):
        """Rend le domaine d'un nom cherché en arabe, ou rien s'il ne se dit comme aucun autre.

        Une base en locale C n'a pas de trigrammes de ces lettres : c'est l'oreille qui y mène sans lire toute la table.
        """
        squelettes = self._squelettes(texte)
        if not squelettes:
            return []
        self.flush_model(["name", "nom_phonetique"])
        self.env.cr.execute(SQL("""
            WITH proches AS MATERIALIZED (
                 SELECT id, name FROM cnas_assure WHERE string_to_array(nom_phonetique::text, ' ') @> %s::text[])
            SELECT EXISTS (SELECT FROM proches), ARRAY(SELECT id FROM proches WHERE name LIKE ALL (%s) LIMIT %s)""",
            squelettes, [f"%{mot}%" for mot in mots], IDENTIFIANTS_MAX))
        entendus, ids = self.env.cr.fetchone()
        return [("id", "in", ids)] if entendus else []

    # Les listes se trient par nom : sans `MATERIALIZED`, PostgreSQL suivrait l'index du tri en croyant
    # les mots répartis au hasard, et lirait la moitié de la table.
    @api.model
    def _requete_debuts_de_mots(self, mots, parmi=None):
        """Rend (SQL, paramètres) des assurés, ou de ceux-là, dont un mot du nom commence par chacun de ces mots, sans accent."""
        colonne = "unaccent(name::text)" if self.pool.has_unaccent == FunctionStatus.INDEXABLE else "name"
        return (
            f"WITH trouves AS MATERIALIZED (SELECT id FROM cnas_assure WHERE {'id = ANY(%s) AND ' if parmi else ''}"
            f"to_tsvector('simple', {colonne}) @@ to_tsquery('simple', %s)) SELECT id FROM trouves",
            (*([parmi] if parmi else []), " & ".join(f"{mot}:*" for mot in mots)))

    @api.model
    def _requete_morceaux(self, mots):
        """Rend (SQL, paramètres) des assurés dont le nom contient tous ces morceaux."""
        requete = self._where_calc([("name", "ilike", mot) for mot in mots], active_test=False)
        sql, parametres = requete.select("cnas_assure.id")
        return f"WITH trouves AS MATERIALIZED ({sql}) SELECT id FROM trouves", tuple(parametres)
